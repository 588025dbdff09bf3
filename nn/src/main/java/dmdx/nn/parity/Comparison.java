package dmdx.nn.parity;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import dmdx.nn.torch.Ops;
import java.util.Arrays;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * The error of a tensor: {@code max|a - b| / s}, with {@code s = max|b|} of the stored tensor b.
 *
 * <p>Some gradients are zero in theory and stored as rounding noise of float64, for instance that
 * of a key projection's bias under softmax. Nothing can be measured relative to noise: if {@code
 * max|b|} is at most {@value #NOISE} of the largest magnitude among the file's tensors of the same
 * kind, that magnitude is s. If it is zero too, the error is absolute.
 *
 * @param error infinite if the tensors cannot be compared
 * @param remark why it is infinite; empty otherwise
 */
record Comparison(double error, String remark) {
  private static final double NOISE = 1e-9;

  /**
   * @param actual {@code null} counts as zero, which is what torch means by an absent gradient
   * @param stored the reference
   * @param largest largest magnitude among the stored tensors of the same kind
   */
  static Comparison of(@Nullable NDArray actual, NDArray stored, double largest) {
    if (actual != null && !actual.getShape().equals(stored.getShape())) {
      return failed("shape is %s, expected %s".formatted(shown(actual), shown(stored)));
    }
    if (!isFloat(Ops.typeOf(stored))) {
      return integers(actual, stored);
    }
    if (actual != null && !isFloat(Ops.typeOf(actual))) {
      return failed("type is %s, expected floating-point numbers".formatted(Ops.typeOf(actual)));
    }
    double[] b = values(stored);
    double[] a = actual == null ? new double[b.length] : values(actual);
    double difference = 0;
    for (int i = 0; i < b.length; i++) {
      if (!Double.isFinite(a[i]) && Double.compare(a[i], b[i]) != 0) {
        return failed("value %d is %s, expected %s".formatted(i, a[i], b[i]));
      }
      if (a[i] != b[i]) {
        difference = Math.max(difference, Math.abs(a[i] - b[i]));
      }
    }
    double scale = magnitude(b);
    if (scale <= NOISE * largest) {
      scale = largest;
    }
    return new Comparison(scale == 0 ? difference : difference / scale, "");
  }

  /**
   * The error of a direction: {@code 1 - cos(a, b)}. Where b is noise, {@link #of} applies.
   *
   * @param actual {@code null} counts as zero
   */
  static Comparison ofDirections(@Nullable NDArray actual, NDArray stored, double largest) {
    Comparison sizes = of(actual, stored, largest);
    if (!sizes.remark().isEmpty() || magnitude(stored) <= NOISE * largest) {
      return sizes;
    }
    double[] b = values(stored);
    double[] a = actual == null ? new double[b.length] : values(actual);
    double dot = 0;
    double squares = 0;
    double expected = 0;
    for (int i = 0; i < b.length; i++) {
      dot += a[i] * b[i];
      squares += a[i] * a[i];
      expected += b[i] * b[i];
    }
    return new Comparison(squares == 0 ? 1 : 1 - dot / Math.sqrt(squares * expected), "");
  }

  /** The largest finite magnitude; 0 for integers and empty tensors. */
  static double magnitude(NDArray x) {
    return isFloat(Ops.typeOf(x)) ? magnitude(values(x)) : 0;
  }

  private static double magnitude(double[] values) {
    return Arrays.stream(values).map(Math::abs).filter(Double::isFinite).max().orElse(0);
  }

  static boolean isFloat(DataType type) {
    return switch (type) {
      case FLOAT64, FLOAT32, FLOAT16, BFLOAT16 -> true;
      default -> false;
    };
  }

  /** Token ids and pixels must be equal; the integer type does not matter. */
  private static Comparison integers(@Nullable NDArray actual, NDArray stored) {
    if (actual == null || isFloat(Ops.typeOf(actual))) {
      return failed(
          "type is %s, expected integers".formatted(actual == null ? "none" : Ops.typeOf(actual)));
    }
    long[] b = longs(stored);
    long[] a = longs(actual);
    for (int i = 0; i < b.length; i++) {
      if (a[i] != b[i]) {
        return failed("integer %d is %d, expected %d".formatted(i, a[i], b[i]));
      }
    }
    return new Comparison(0, "");
  }

  private static Comparison failed(String remark) {
    return new Comparison(Double.POSITIVE_INFINITY, remark);
  }

  private static String shown(NDArray x) {
    return Arrays.toString(x.getShape().getShape());
  }

  /** The numbers of a tensor of any type. */
  static double[] values(NDArray x) {
    return cast(x, DataType.FLOAT64, NDArray::toDoubleArray);
  }

  private static long[] longs(NDArray x) {
    return cast(x, DataType.INT64, NDArray::toLongArray);
  }

  private static <T> T cast(NDArray x, DataType type, Function<NDArray, T> read) {
    NDArray cast = Ops.cast(x, type);
    try {
      return read.apply(cast);
    } finally {
      if (cast != x) {
        cast.close();
      }
    }
  }
}
