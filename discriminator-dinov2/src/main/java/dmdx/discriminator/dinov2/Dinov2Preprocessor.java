package dmdx.discriminator.dinov2;

import ai.djl.ndarray.NDArray;
import dmdx.nn.data.Normalisation;
import dmdx.nn.data.ResizeFilter;
import dmdx.nn.data.TensorResize;

/**
 * Scales whole pictures to a square, bicubically and antialiased, and normalises their colours.
 *
 * @param side of the square in pixels
 */
record Dinov2Preprocessor(int side) {

  /**
   * @param x RGB in [-1, 1], {@code [B, 3, H, W]}, float32, any size
   * @return {@code [B, 3, side, side]}; gradient flows to {@code x}
   */
  NDArray normalise(NDArray x) {
    Normalisation.require(x, "DINOv2");
    NDArray resized = TensorResize.resize(x, side, side, ResizeFilter.BICUBIC);
    return Normalisation.IMAGENET.ofSigned(resized);
  }
}
