package dmdx.discriminator.dinov2;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import dmdx.nn.torch.Ops;

/**
 * How a grid of learned positions is resampled to another size: Keys' cubic with a = -0.75,
 * half-pixel centres, indices clamped at the border, no antialiasing. Published code differs in the
 * scale.
 */
enum PositionRule {
  /**
   * Source coordinate {@code (x + 0.5) G / (g + 0.1) - 0.5}: the original code and transformers up
   * to 4.44. The features that DINOv2 was published with.
   */
  OFFSET(0.1),
  /** Source coordinate {@code (x + 0.5) G / g - 0.5}: transformers from 4.45. */
  SIZE(0);

  private static final double A = -0.75;
  private final double offset;

  PositionRule(double offset) {
    this.offset = offset;
  }

  /**
   * @param grid {@code [G, G, h]}, float32; gradient flows to it
   * @param rows g
   * @param columns w
   * @return {@code [g, w, h]}
   */
  NDArray resample(NDArray grid, int rows, int columns) {
    Shape shape = grid.getShape();
    int side = Math.toIntExact(shape.get(0));
    long width = shape.get(2);
    NDArray down =
        matrix(grid, side, rows)
            .matMul(grid.reshape(side, side * width))
            .reshape(rows, side, width);
    return matrix(grid, side, columns).matMul(down);
  }

  private NDArray matrix(NDArray like, int in, int out) {
    double[][] weights = weights(in, out);
    float[] values = new float[out * in];
    for (int x = 0; x < out; x++) {
      for (int j = 0; j < in; j++) {
        values[x * in + j] = (float) weights[x][j];
      }
    }
    return Ops.constant(like, values, new Shape(out, in));
  }

  /** What each of {@code out} positions takes from each of {@code in}: {@code [out][in]}. */
  double[][] weights(int in, int out) {
    double scale = in / (out + offset);
    double[][] weights = new double[out][in];
    for (int x = 0; x < out; x++) {
      double source = (x + 0.5) * scale - 0.5;
      int floor = (int) Math.floor(source);
      for (int j = floor - 1; j <= floor + 2; j++) {
        weights[x][Math.max(0, Math.min(in - 1, j))] += cubic(Math.abs(source - j));
      }
    }
    return weights;
  }

  /**
   * @param s distance, at most 2
   */
  private static double cubic(double s) {
    return s <= 1 ? ((A + 2) * s - (A + 3)) * s * s + 1 : A * (((s - 5) * s + 8) * s - 4);
  }
}
