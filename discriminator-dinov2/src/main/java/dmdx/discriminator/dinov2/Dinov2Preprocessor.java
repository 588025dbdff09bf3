package dmdx.discriminator.dinov2;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import dmdx.nn.data.ResizeFilter;
import dmdx.nn.data.TensorResize;
import dmdx.nn.torch.Ops;

/**
 * Scales whole pictures to a square, bicubically and antialiased, and normalises their colours.
 *
 * @param side of the square in pixels
 */
record Dinov2Preprocessor(int side) {
  private static final float[] MEAN = {0.485f, 0.456f, 0.406f};
  private static final float[] STD = {0.229f, 0.224f, 0.225f};

  /**
   * @param x RGB in [-1, 1], {@code [B, 3, H, W]}, float32, any size
   * @return {@code [B, 3, side, side]}; gradient flows to {@code x}
   */
  NDArray normalise(NDArray x) {
    if (x.getShape().dimension() != 4 || x.getShape().get(1) != 3) {
      throw new IllegalArgumentException(
          "DINOv2 takes RGB pictures [B, 3, H, W], not %s".formatted(x.getShape()));
    }
    NDArray resized = TensorResize.resize(x, side, side, ResizeFilter.BICUBIC);
    // ((x + 1) / 2 - mean) / std
    float[] factor = new float[3];
    float[] offset = new float[3];
    for (int c = 0; c < 3; c++) {
      factor[c] = 0.5f / STD[c];
      offset[c] = (0.5f - MEAN[c]) / STD[c];
    }
    return resized.mul(perChannel(x, factor)).add(perChannel(x, offset));
  }

  private static NDArray perChannel(NDArray like, float[] values) {
    return Ops.constant(like, values, new Shape(1, 3, 1, 1));
  }
}
