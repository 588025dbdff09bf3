package dmdx.nn.data;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import dmdx.nn.torch.Ops;

/**
 * A differentiable resize of tensors with the filters of {@link PillowResize}, without its
 * rounding: each side is a product with a matrix of filter weights. Enlarging bilinearly equals
 * PyTorch's interpolation with {@code align_corners=False}, shrinking its antialiased one.
 */
public final class TensorResize {
  /** The cubic's a in PyTorch's interpolation. */
  private static final double INTERPOLATION = -0.75;

  private TensorResize() {}

  /**
   * @param x {@code [B, C, H, W]}, float32
   * @param height rows of the result
   * @param width columns of the result
   * @return {@code [B, C, height, width]}; {@code x} itself if it has that size
   */
  public static NDArray resize(NDArray x, int height, int width, ResizeFilter filter) {
    return resize(x, height, width, filter::taps);
  }

  /**
   * PyTorch's bicubic interpolation with {@code align_corners=False}: four pixels a side, weighted
   * by Keys' cubic with a = -0.75, whatever the scale; beyond an edge lies its last pixel.
   *
   * @param x {@code [B, C, H, W]}, float32
   * @return {@code [B, C, height, width]}; {@code x} itself if it has that size
   */
  public static NDArray interpolate(NDArray x, int height, int width) {
    return resize(x, height, width, TensorResize::nearestFour);
  }

  private static NDArray resize(NDArray x, int height, int width, Lines lines) {
    int h = Math.toIntExact(x.getShape().get(2));
    int w = Math.toIntExact(x.getShape().get(3));
    NDArray y = x;
    if (w != width) {
      y = y.matMul(matrix(x, w, width, lines).transpose());
    }
    if (h != height) {
      NDArray rows = matrix(x, h, height, lines);
      y = rows.matMul(y);
    }
    return y;
  }

  /** What each of {@code out} positions of a line takes of {@code in} positions. */
  private interface Lines {
    ResizeFilter.Taps[] taps(int in, int out);
  }

  private static ResizeFilter.Taps[] nearestFour(int in, int out) {
    double scale = (double) in / out;
    ResizeFilter.Taps[] taps = new ResizeFilter.Taps[out];
    for (int x = 0; x < out; x++) {
      double centre = (x + 0.5) * scale - 0.5;
      int first = (int) Math.floor(centre) - 1;
      double[] weights = new double[in];
      for (int j = first; j < first + 4; j++) {
        int inside = Math.max(0, Math.min(in - 1, j));
        weights[inside] += ResizeFilter.cubic(j - centre, INTERPOLATION);
      }
      taps[x] = new ResizeFilter.Taps(0, weights);
    }
    return taps;
  }

  /** {@code [out, in]}. */
  private static NDArray matrix(NDArray like, int in, int out, Lines lines) {
    ResizeFilter.Taps[] taps = lines.taps(in, out);
    float[] values = new float[in * out];
    for (int x = 0; x < out; x++) {
      for (int j = 0; j < taps[x].weights().length; j++) {
        values[x * in + taps[x].from() + j] = (float) taps[x].weights()[j];
      }
    }
    return Ops.constant(like, values, new Shape(out, in));
  }
}
