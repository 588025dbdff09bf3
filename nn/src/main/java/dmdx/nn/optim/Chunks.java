package dmdx.nn.optim;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import dmdx.nn.torch.Ops;

/**
 * Pieces of a flat tensor: on the CPU small enough that a chain of in-place operations stays in
 * cache, on a GPU large enough that launching them takes no time worth naming.
 */
final class Chunks {
  private static final long ON_CPU = 1 << 18;
  private static final long ON_GPU = 1 << 24;

  private Chunks() {}

  /** Elements of a piece. */
  static long size(Device device) {
    return device.isGpu() ? ON_GPU : ON_CPU;
  }

  /** The piece that begins at element {@code from}, or what is left of it, as a view. */
  static NDArray at(NDArray flat, long from) {
    return Ops.slice(flat, 0, from, Math.min(flat.size(), from + size(flat.getDevice())));
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
