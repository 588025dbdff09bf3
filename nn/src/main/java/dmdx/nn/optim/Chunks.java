package dmdx.nn.optim;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import dmdx.nn.torch.Ops;
import dmdx.nn.torch.Prefetch.Use;
import dmdx.nn.weights.Storage;
import java.util.List;
import java.util.function.LongConsumer;

/**
 * Pieces of a flat tensor: on the CPU small enough that a chain of in-place operations stays in
 * cache, on a GPU large enough that launching them takes no time worth naming.
 */
final class Chunks {
  private static final long ON_CPU = 1 << 18;
  private static final long ON_GPU = 1 << 24;

  /** Elements that are brought from afar at once, and up to how many ahead of their use. */
  private static final long EXPECTED = 1 << 22;

  private static final long AHEAD = 4 * EXPECTED;

  private Chunks() {}

  /** Elements of a piece. */
  static long size(Device device) {
    return device.isGpu() ? ON_GPU : ON_CPU;
  }

  /** A flat tensor and what is done with it. */
  record Operand(NDArray flat, Use use) {}

  /**
   * Calls {@code work} with the first element of each piece, in order, and has the storage bring
   * those that are next meanwhile.
   *
   * @param operands of one size; those in the storage are brought
   */
  static void forEach(Storage storage, List<Operand> operands, LongConsumer work) {
    NDArray any = operands.get(0).flat();
    long size = any.size();
    long piece = size(any.getDevice());
    long expected = 0;
    for (long from = 0; from < size; from += piece) {
      while (expected < Math.min(size, from + AHEAD)) {
        long end = Math.min(size, expected + EXPECTED);
        for (Operand operand : operands) {
          try (NDArray part = Ops.slice(operand.flat(), 0, expected, end)) {
            storage.expect(part, operand.use());
          }
        }
        expected = end;
      }
      work.accept(from);
    }
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
