package dmdx.teacher.cogvideox.transformer;

import ai.djl.ndarray.NDArray;
import dmdx.teacher.cogvideox.transformer.CogVideoXTransformerConfig.Positions;

/**
 * What sine positions add to the video tokens: D/4 features of the frame, 3D/8 of the column, 3D/8
 * of the row, each the sines, then the cosines of the position at frequencies {@code 10000^(-k/n)}.
 */
final class AddedPositions {
  private AddedPositions() {}

  /**
   * @param like device and manager of the result
   * @param width D
   * @return {@code [N, D]}, float32
   */
  static NDArray table(NDArray like, Positions.Added scales, int width, TokenGrid grid) {
    int spatial = 3 * width / 8;
    return grid.tokens(
        grid.perFrame(like, axis(grid.frames(), scales.temporalScale(), width / 4)),
        grid.perColumn(like, axis(grid.columns(), scales.spatialScale(), spatial)),
        grid.perRow(like, axis(grid.rows(), scales.spatialScale(), spatial)));
  }

  /** {@code [count, width]}. */
  private static float[] axis(int count, double scale, int width) {
    int half = width / 2;
    float[] values = new float[count * width];
    for (int i = 0; i < count; i++) {
      float position = (float) i / (float) scale;
      for (int k = 0; k < half; k++) {
        double angle = position * Math.pow(10000, -(double) k / half);
        values[i * width + k] = (float) Math.sin(angle);
        values[i * width + half + k] = (float) Math.cos(angle);
      }
    }
    return values;
  }
}
