package dmdx.teacher.cogvideox.transformer;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import dmdx.nn.torch.Ops;
import dmdx.teacher.cogvideox.transformer.CogVideoXTransformerConfig.Positions;
import java.util.function.DoubleUnaryOperator;

/**
 * Rotary positions: every pair of features is turned by an angle that grows with the token's frame
 * (first quarter of the features), row (next 3/8) or column (rest). Rows and columns are counted on
 * the grid of training, into whose middle the video is fitted.
 *
 * @param cos {@code [N, d]}, float32, every value twice
 * @param sin likewise
 */
record Rotation(NDArray cos, NDArray sin) {

  /**
   * The rotation of a video.
   *
   * @param like device and manager of the tables
   * @param width d
   */
  static Rotation of(NDArray like, Positions.Rotary trained, int width, TokenGrid grid) {
    float[] frames = new float[grid.frames()];
    for (int t = 0; t < frames.length; t++) {
      frames[t] = t;
    }
    int h = grid.rows();
    int w = grid.columns();
    boolean tall = (double) h / w > (double) trained.rows() / trained.columns();
    double rows = tall ? trained.rows() : Math.rint((double) trained.columns() / w * h);
    double columns = tall ? Math.rint((double) trained.rows() / h * w) : trained.columns();
    float[] down = positions(Math.rint((trained.rows() - rows) / 2), rows, h);
    float[] across = positions(Math.rint((trained.columns() - columns) / 2), columns, w);
    int spatial = 3 * (width / 8);
    float[][] angles = {angles(frames, width / 4), angles(down, spatial), angles(across, spatial)};
    return new Rotation(table(like, grid, angles, Math::cos), table(like, grid, angles, Math::sin));
  }

  /** {@code n} positions from {@code start}, {@code extent / n} apart. */
  private static float[] positions(double start, double extent, int n) {
    double last = (start + extent) * (n - 1) / n;
    float[] positions = new float[n];
    for (int i = 0; i < n; i++) {
      positions[i] = (float) (n == 1 ? start : start + (last - start) * i / (n - 1));
    }
    return positions;
  }

  /** {@code position 10000^(-2k/width)} in float32, every one twice: {@code [n, width]}. */
  private static float[] angles(float[] positions, int width) {
    float[] angles = new float[positions.length * width];
    for (int k = 0; k < width / 2; k++) {
      float frequency = 1 / (float) Math.pow(10000, (float) (2 * k) / width);
      for (int i = 0; i < positions.length; i++) {
        float angle = positions[i] * frequency;
        angles[i * width + 2 * k] = angle;
        angles[i * width + 2 * k + 1] = angle;
      }
    }
    return angles;
  }

  private static NDArray table(
      NDArray like, TokenGrid grid, float[][] angles, DoubleUnaryOperator function) {
    return grid.tokens(
        grid.perFrame(like, each(angles[0], function)),
        grid.perRow(like, each(angles[1], function)),
        grid.perColumn(like, each(angles[2], function)));
  }

  private static float[] each(float[] angles, DoubleUnaryOperator function) {
    float[] values = new float[angles.length];
    for (int i = 0; i < angles.length; i++) {
      values[i] = (float) function.applyAsDouble(angles[i]);
    }
    return values;
  }

  /**
   * {@code (x0 cos - x1 sin, x1 cos + x0 sin)} of every pair, in float32.
   *
   * @param x queries or keys of the video tokens, {@code [B, h, N, d]}
   * @return the same, in the type of {@code x}
   */
  NDArray apply(NDArray x) {
    NDArray wide = Ops.cast(x, DataType.FLOAT32);
    Shape shape = wide.getShape();
    NDArray pairs = wide.reshape(shape.get(0), shape.get(1), shape.get(2), -1, 2);
    NDArray turned =
        Ops.slice(pairs, 4, 1, 2).neg().concat(Ops.slice(pairs, 4, 0, 1), 4).reshape(shape);
    return Ops.castLike(wide.mul(cos).add(turned.mul(sin)), x);
  }
}
