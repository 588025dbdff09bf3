package dmdx.nn.data;

/**
 * An 8-bit RGB picture.
 *
 * @param height rows
 * @param width columns
 * @param pixels unsigned bytes, {@code [height, width, 3]} in row-major order; not copied
 */
public record RgbImage(int height, int width, byte[] pixels) {
  /** Red, green, blue. */
  public static final int CHANNELS = 3;

  public RgbImage {
    if (height < 1 || width < 1 || pixels.length != height * width * CHANNELS) {
      throw new IllegalArgumentException(
          "a picture of %dx%d needs %d bytes, not %d"
              .formatted(height, width, (long) height * width * CHANNELS, pixels.length));
    }
  }
}
