package dmdx.nn.data;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import dmdx.nn.torch.Ops;

/**
 * The colours an encoder was trained with: {@code (v - mean) / deviation} per channel of values v
 * in [0, 1].
 */
public final class Normalisation {
  /** The statistics of ImageNet: SAM, DINOv2. */
  public static final Normalisation IMAGENET =
      new Normalisation(new double[] {0.485, 0.456, 0.406}, new double[] {0.229, 0.224, 0.225});

  /** The statistics of CLIP's training pictures. */
  public static final Normalisation CLIP =
      new Normalisation(
          new double[] {0.48145466, 0.4578275, 0.40821073},
          new double[] {0.26862954, 0.26130258, 0.27577711});

  private final float[] mean = new float[RgbImage.CHANNELS];
  private final float[] deviation = new float[RgbImage.CHANNELS];

  private Normalisation(double[] mean, double[] deviation) {
    for (int c = 0; c < RgbImage.CHANNELS; c++) {
      this.mean[c] = (float) mean[c];
      this.deviation[c] = (float) deviation[c];
    }
  }

  /**
   * @param model the encoder, for the message
   * @throws IllegalArgumentException if {@code x} is not {@code [B, 3, H, W]}
   */
  public static void require(NDArray x, String model) {
    if (x.getShape().dimension() != 4 || x.getShape().get(1) != RgbImage.CHANNELS) {
      throw new IllegalArgumentException(
          "%s takes RGB pictures [B, 3, H, W], not %s".formatted(model, x.getShape()));
    }
  }

  /**
   * The differentiable path of generated pictures.
   *
   * @param x RGB in [-1, 1], {@code [B, 3, H, W]}, float32
   * @return the same shape; gradient flows to {@code x}
   */
  public NDArray ofSigned(NDArray x) {
    return affine(x, 0.5f); // v = (x + 1) / 2
  }

  /**
   * @param v RGB in [0, 1], {@code [B, 3, H, W]}, float32
   * @return the same shape; gradient flows to {@code v}
   */
  public NDArray ofUnit(NDArray v) {
    return affine(v, 0);
  }

  /** Of {@code v = (1 - offset) x + offset}. */
  private NDArray affine(NDArray x, float offset) {
    float[] factor = new float[RgbImage.CHANNELS];
    float[] constant = new float[RgbImage.CHANNELS];
    for (int c = 0; c < RgbImage.CHANNELS; c++) {
      factor[c] = (1 - offset) / deviation[c];
      constant[c] = (offset - mean[c]) / deviation[c];
    }
    Shape perChannel = new Shape(1, RgbImage.CHANNELS, 1, 1);
    return x.mul(Ops.constant(x, factor, perChannel)).add(Ops.constant(x, constant, perChannel));
  }

  /**
   * The references' path of 8-bit pictures.
   *
   * @return {@code [1, 3, H, W]}, owned by {@code manager}
   */
  public NDArray of(RgbImage image, NDManager manager) {
    float[] values = image.planes();
    int positions = values.length / RgbImage.CHANNELS;
    for (int i = 0; i < values.length; i++) {
      int c = i / positions;
      values[i] = (values[i] - mean[c]) / deviation[c];
    }
    return manager.create(values, new Shape(1, RgbImage.CHANNELS, image.height(), image.width()));
  }
}
