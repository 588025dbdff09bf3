package dmdx.nn.dryrun;

import ai.djl.ndarray.types.Shape;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** How the elements of an array lie in memory: the distance between neighbours along each axis. */
final class Strides {
  private Strides() {}

  /** Row by row, without gaps. */
  static long[] contiguous(Shape shape) {
    long[] strides = new long[shape.dimension()];
    long next = 1;
    for (int axis = strides.length - 1; axis >= 0; axis--) {
      strides[axis] = next;
      next *= Math.max(1, shape.get(axis));
    }
    return strides;
  }

  static boolean areContiguous(Shape shape, long[] strides) {
    long next = 1;
    for (int axis = strides.length - 1; axis >= 0; axis--) {
      if (shape.get(axis) != 1 && strides[axis] != next) {
        return false;
      }
      next *= Math.max(1, shape.get(axis));
    }
    return true;
  }

  /** The strides of a reshaped view; {@code null} if the elements must be copied for it. */
  static long @Nullable [] reshaped(Shape from, long[] strides, Shape to) {
    if (areContiguous(from, strides)) {
      return contiguous(to);
    }
    long[] result = new long[to.dimension()];
    int target = to.dimension() - 1;
    int last = from.dimension() - 1;
    long base = strides[last];
    long source = 1;
    long viewed = 1;
    for (int axis = last; axis >= 0; axis--) {
      source *= from.get(axis);
      boolean chunkEnds =
          axis == 0 || (from.get(axis - 1) != 1 && strides[axis - 1] != source * base);
      if (!chunkEnds) {
        continue;
      }
      while (target >= 0 && (viewed < source || to.get(target) == 1)) {
        result[target] = viewed * base;
        viewed *= to.get(target);
        target--;
      }
      if (viewed != source) {
        return null;
      }
      if (axis > 0) {
        base = strides[axis - 1];
        source = 1;
        viewed = 1;
      }
    }
    return target == -1 ? result : null;
  }

  static long[] permuted(long[] values, int... axes) {
    return Arrays.stream(axes).mapToLong(axis -> values[axis]).toArray();
  }
}
