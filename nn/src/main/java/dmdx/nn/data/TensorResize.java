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
  private TensorResize() {}

  /**
   * @param x {@code [B, C, H, W]}, float32
   * @param height rows of the result
   * @param width columns of the result
   * @return {@code [B, C, height, width]}; {@code x} itself if it has that size
   */
  public static NDArray resize(NDArray x, int height, int width, ResizeFilter filter) {
    int h = Math.toIntExact(x.getShape().get(2));
    int w = Math.toIntExact(x.getShape().get(3));
    NDArray y = x;
    if (w != width) {
      y = y.matMul(matrix(x, w, width, filter).transpose());
    }
    if (h != height) {
      NDArray rows = matrix(x, h, height, filter);
      y = rows.matMul(y);
    }
    return y;
  }

  /** {@code [out, in]}. */
  private static NDArray matrix(NDArray like, int in, int out, ResizeFilter filter) {
    ResizeFilter.Taps[] taps = filter.taps(in, out);
    float[] values = new float[in * out];
    for (int x = 0; x < out; x++) {
      for (int j = 0; j < taps[x].weights().length; j++) {
        values[x * in + taps[x].from() + j] = (float) taps[x].weights()[j];
      }
    }
    return Ops.constant(like, values, new Shape(out, in));
  }
}
