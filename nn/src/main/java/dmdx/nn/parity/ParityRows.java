package dmdx.nn.parity;

import ai.djl.ndarray.NDArray;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.DoubleUnaryOperator;

/** Collects the rows of a {@link ParityReport}. */
public final class ParityRows {
  /** Errors are absolute. */
  public static final DoubleUnaryOperator ABSOLUTE = scaleFrom(1, 0);

  /** Errors are relative to each stored value. */
  public static final DoubleUnaryOperator RELATIVE = scaleFrom(0, 1);

  /** Errors are relative to stored values beyond 1, absolute below. */
  public static final DoubleUnaryOperator RELATIVE_BEYOND_ONE = scaleFrom(1, 1);

  private final String file;
  private final List<ParityReport.Row> rows = new ArrayList<>();

  /**
   * @param file name of the file with the reference values
   */
  public ParityRows(String file) {
    this.file = file;
  }

  /** The rows so far. */
  public List<ParityReport.Row> list() {
    return List.copyOf(rows);
  }

  /**
   * Adds the error {@code max|a - b| / max|b|} of a tensor.
   *
   * @param actual a
   * @param stored b; integers must be equal
   */
  public void tensor(String kind, String name, NDArray actual, NDArray stored, double tolerance) {
    Comparison comparison = Comparison.of(actual, stored, 0);
    add(kind, name, comparison.error(), tolerance, comparison.remark());
  }

  /**
   * Adds the error {@code max(|a - b| / scale(b))} of a tensor of floating-point numbers.
   *
   * @param scale for instance {@link #ABSOLUTE}
   */
  public void tensor(
      String kind,
      String name,
      NDArray actual,
      NDArray stored,
      DoubleUnaryOperator scale,
      double tolerance) {
    if (!actual.getShape().equals(stored.getShape())) {
      String remark = "shape is %s, expected %s".formatted(actual.getShape(), stored.getShape());
      add(kind, name, Double.POSITIVE_INFINITY, tolerance, remark);
    } else {
      numbers(kind, name, Comparison.values(actual), Comparison.values(stored), scale, tolerance);
    }
  }

  private static DoubleUnaryOperator scaleFrom(double least, double factor) {
    return b -> Math.max(least, factor * Math.abs(b));
  }

  /**
   * Adds the error {@code max(|a - b| / scale(b))} of a list of numbers.
   *
   * @param actual a
   * @param stored b
   * @param scale for instance {@link #RELATIVE}
   */
  public void numbers(
      String kind,
      String name,
      double[] actual,
      double[] stored,
      DoubleUnaryOperator scale,
      double tolerance) {
    if (actual.length != stored.length) {
      String remark = "there are %d numbers, expected %d".formatted(actual.length, stored.length);
      add(kind, name, Double.POSITIVE_INFINITY, tolerance, remark);
      return;
    }
    double worst = 0;
    for (int i = 0; i < stored.length; i++) {
      double a = actual[i];
      double b = stored[i];
      if (Double.compare(a, b) == 0 || a == b) {
        continue;
      }
      double error = Math.abs(a - b) / scale.applyAsDouble(b);
      if (!Double.isFinite(error)) {
        String remark = "number %d is %s, expected %s".formatted(i, a, b);
        add(kind, name, Double.POSITIVE_INFINITY, tolerance, remark);
        return;
      }
      worst = Math.max(worst, error);
    }
    add(kind, name, worst, tolerance, "");
  }

  /** Adds one number. */
  public void number(
      String kind,
      String name,
      double actual,
      double stored,
      DoubleUnaryOperator scale,
      double tolerance) {
    numbers(kind, name, new double[] {actual}, new double[] {stored}, scale, tolerance);
  }

  /** Adds a list of whole numbers, which must be equal. */
  public void integers(String kind, String name, long[] actual, long[] stored) {
    int at = Arrays.mismatch(actual, stored);
    String remark =
        at < 0
            ? ""
            : "integer %d is %s, expected %s".formatted(at, shown(actual, at), shown(stored, at));
    add(kind, name, at < 0 ? 0 : Double.POSITIVE_INFINITY, 0, remark);
  }

  private static String shown(long[] values, int at) {
    return at < values.length ? Long.toString(values[at]) : "absent";
  }

  private void add(String kind, String name, double error, double tolerance, String remark) {
    rows.add(new ParityReport.Row(file, kind, name, error, tolerance, remark));
  }
}
