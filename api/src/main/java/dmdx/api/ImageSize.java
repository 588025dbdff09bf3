package dmdx.api;

/**
 * A picture or video size in pixels.
 *
 * @param height rows
 * @param width columns
 * @param frames 1 for pictures
 */
public record ImageSize(int height, int width, int frames) {
  public ImageSize {
    if (height < 1 || width < 1 || frames < 1) {
      throw new IllegalArgumentException(
          "size %dx%d, %d frames: all must be positive".formatted(height, width, frames));
    }
  }

  public static ImageSize square(int side) {
    return new ImageSize(side, side, 1);
  }
}
