package dmdx.nn.data;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import dmdx.nn.torch.Ops;

/** Colours as most encoders want them: less ImageNet's mean, over its standard deviation. */
public final class ImageNetColours {
  private static final float[] MEAN = {0.485f, 0.456f, 0.406f};
  private static final float[] STD = {0.229f, 0.224f, 0.225f};

  private ImageNetColours() {}

  /**
   * {@code ((x + 1) / 2 - mean) / std}.
   *
   * @param x RGB in [-1, 1], {@code [B, 3, H, W]}, float32; gradient flows to it
   */
  public static NDArray normalise(NDArray x) {
    float[] factor = new float[3];
    float[] offset = new float[3];
    for (int c = 0; c < 3; c++) {
      factor[c] = 0.5f / STD[c];
      offset[c] = (0.5f - MEAN[c]) / STD[c];
    }
    return x.mul(perChannel(x, factor)).add(perChannel(x, offset));
  }

  /**
   * The same of one value.
   *
   * @param channel 0 red, 1 green, 2 blue
   * @param value in [0, 1]
   */
  public static float normalise(int channel, float value) {
    return (value - MEAN[channel]) / STD[channel];
  }

  /**
   * @param model the encoder, for the message
   * @throws IllegalArgumentException if {@code x} is not {@code [B, 3, H, W]}
   */
  public static void require(NDArray x, String model) {
    if (x.getShape().dimension() != 4 || x.getShape().get(1) != 3) {
      throw new IllegalArgumentException(
          "%s takes RGB pictures [B, 3, H, W], not %s".formatted(model, x.getShape()));
    }
  }

  private static NDArray perChannel(NDArray like, float[] values) {
    return Ops.constant(like, values, new Shape(1, 3, 1, 1));
  }
}
