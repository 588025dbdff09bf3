package dmdx.nn.optim;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import dmdx.nn.torch.Ops;

/** Pieces of a flat tensor, small enough that a chain of in-place operations stays in cache. */
final class Chunks {
  /** Elements of a piece. */
  static final long SIZE = 1 << 18;

  private Chunks() {}

  /** Elements {@code from} to {@code from + SIZE}, or to the end, as a view. */
  static NDArray at(NDArray flat, long from) {
    return Ops.slice(flat, 0, from, Math.min(flat.size(), from + SIZE));
  }

  static void requireFlat(String what, NDArray x) {
    if (x.getShape().dimension() != 1 || x.getDataType() != DataType.FLOAT32) {
      throw new IllegalArgumentException(
          "%s is %s %s, expected a flat float32 tensor"
              .formatted(what, x.getDataType(), x.getShape()));
    }
  }

  static void requireSameSize(String what, NDArray x, long size) {
    requireFlat(what, x);
    if (x.size() != size) {
      throw new IllegalArgumentException(
          "%s has %d elements, expected %d".formatted(what, x.size(), size));
    }
  }
}
