package dmdx.nn.data;

/**
 * The preprocessing of CLIP and DINOv2: the short side is scaled to a length, bicubically as {@link
 * PillowResize} does, then a square is cut out of the middle.
 *
 * @param shortSide of the scaled picture in pixels
 * @param side of the square, at most {@code shortSide}
 */
public record CentreCrop(int shortSide, int side) {
  /**
   * @throws IllegalArgumentException if the square is larger than the picture
   */
  public CentreCrop {
    if (side < 1 || shortSide < side) {
      throw new IllegalArgumentException(
          "the crop is %d pixels, expected 1 to %d, the short side".formatted(side, shortSide));
    }
  }

  /** The square of 8-bit pixels. */
  public RgbImage of(RgbImage image) {
    return resized(image).centre(side, side);
  }

  /** The scaled picture before it is cropped. */
  RgbImage resized(RgbImage image) {
    int shorter = Math.min(image.height(), image.width());
    int height = (int) ((long) shortSide * image.height() / shorter);
    int width = (int) ((long) shortSide * image.width() / shorter);
    return PillowResize.resize(image, height, width, ResizeFilter.BICUBIC);
  }
}
