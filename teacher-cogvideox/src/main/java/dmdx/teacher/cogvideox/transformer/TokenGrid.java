package dmdx.teacher.cogvideox.transformer;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.Shape;
import dmdx.nn.torch.Ops;

/**
 * Where the video tokens are.
 *
 * @param frames T
 * @param rows h
 * @param columns w
 */
record TokenGrid(int frames, int rows, int columns) {

  /** N. */
  long size() {
    return (long) frames * rows * columns;
  }

  /**
   * One value per frame and feature, at every token.
   *
   * @param like device and manager of the result
   * @param values {@code [T, k]}
   * @return {@code [T, h, w, k]}, float32
   */
  NDArray perFrame(NDArray like, float[] values) {
    return spread(like, values, new Shape(frames, 1, 1, values.length / frames));
  }

  /** The same for values per row, {@code [h, k]}. */
  NDArray perRow(NDArray like, float[] values) {
    return spread(like, values, new Shape(1, rows, 1, values.length / rows));
  }

  /** The same for values per column, {@code [w, k]}. */
  NDArray perColumn(NDArray like, float[] values) {
    return spread(like, values, new Shape(1, 1, columns, values.length / columns));
  }

  private NDArray spread(NDArray like, float[] values, Shape shape) {
    return Ops.constant(like, values, shape)
        .broadcast(new Shape(frames, rows, columns, shape.get(3)));
  }

  /** Features side by side, tokens in their order: {@code [N, k]}. */
  NDArray tokens(NDArray... parts) {
    return NDArrays.concat(new NDList(parts), 3).reshape(size(), -1);
  }

  /** {@code [B, N, D] -> [B, D, T, h, w]}. */
  NDArray map(NDArray tokens) {
    Shape shape = tokens.getShape();
    return tokens.transpose(0, 2, 1).reshape(shape.get(0), shape.get(2), frames, rows, columns);
  }
}
