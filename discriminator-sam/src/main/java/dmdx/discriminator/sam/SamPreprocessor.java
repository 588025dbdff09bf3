package dmdx.discriminator.sam;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dmdx.nn.data.Normalisation;
import dmdx.nn.data.PillowResize;
import dmdx.nn.data.ResizeFilter;
import dmdx.nn.data.RgbImage;
import dmdx.nn.data.TensorResize;
import dmdx.nn.torch.Ops;

/**
 * Brings pictures to the encoder's square: the long side is scaled to it, colours are normalised,
 * zeros (the mean colour) fill up the right and the bottom.
 *
 * @param side the encoder's image size in pixels
 */
record SamPreprocessor(int side) {

  /**
   * The differentiable path of generated pictures; resizing is antialiased, without rounding.
   *
   * @param x RGB in [-1, 1], {@code [B, 3, H, W]}, float32, any size
   * @return {@code [B, 3, side, side]}; gradient flows to {@code x}
   */
  NDArray normalise(NDArray x) {
    Normalisation.require(x, "SAM");
    int height = Math.toIntExact(x.getShape().get(2));
    int width = Math.toIntExact(x.getShape().get(3));
    NDArray resized =
        TensorResize.resize(
            x, scaled(height, height, width), scaled(width, height, width), ResizeFilter.BILINEAR);
    return padded(Normalisation.IMAGENET.ofSigned(resized));
  }

  /**
   * The reference's path of 8-bit pictures.
   *
   * @return {@code [1, 3, side, side]}, owned by {@code manager}
   */
  NDArray normalise(RgbImage image, NDManager manager) {
    return padded(Normalisation.IMAGENET.of(resize(image), manager));
  }

  /** The 8-bit resize alone. */
  RgbImage resize(RgbImage image) {
    int h = image.height();
    int w = image.width();
    return PillowResize.resize(image, scaled(h, h, w), scaled(w, h, w), ResizeFilter.BILINEAR);
  }

  private int scaled(int length, int height, int width) {
    return Math.max(1, (int) (length * ((double) side / Math.max(height, width)) + 0.5));
  }

  private NDArray padded(NDArray x) {
    int bottom = side - Math.toIntExact(x.getShape().get(2));
    int right = side - Math.toIntExact(x.getShape().get(3));
    return bottom == 0 && right == 0 ? x : Ops.pad(x, 0, right, 0, bottom);
  }
}
