package dmdx.nn.parity;

import java.nio.file.Path;
import java.util.List;
import java.util.Locale;

/**
 * How far a network, or whatever else has reference values, is from those of one case.
 *
 * @param folder the case's folder, or its file if it is one
 * @param rows one per stored tensor: hidden states first, in the order the network offers them
 */
public record ParityReport(Path folder, List<Row> rows) {

  public ParityReport {
    rows = List.copyOf(rows);
  }

  /**
   * One compared tensor.
   *
   * @param file name of the file with the reference values
   * @param kind {@code out}, {@code tap}, {@code grad.in}, {@code grad.param}, {@code grad.tap} or
   *     {@code tape} of a network; a {@link ReferenceCheck} has its own
   * @param tensor name without the kind
   * @param error {@code max|a - b| / max|b|}, b the stored tensor, or as a {@link ReferenceCheck}
   *     measures; infinite if there is nothing to compare with, if shapes differ, or if a value is
   *     not a number
   * @param tolerance the largest error that passes
   * @param remark why the error is infinite; empty otherwise
   */
  public record Row(
      String file, String kind, String tensor, double error, double tolerance, String remark) {

    public Row(String file, String kind, String tensor, double error, double tolerance) {
      this(file, kind, tensor, error, tolerance, "");
    }

    public boolean passed() {
      return error <= tolerance;
    }

    @Override
    public String toString() {
      String line =
          String.format(
              Locale.ROOT,
              "%s %s: %s.%s error %.2e, tolerance %.0e",
              passed() ? "ok    " : "FAILED",
              file,
              kind,
              tensor,
              error,
              tolerance);
      return remark.isEmpty() ? line : line + " (" + remark + ")";
    }
  }

  /** Whether something was compared and every row is within its tolerance. */
  public boolean passed() {
    return !rows.isEmpty() && rows.stream().allMatch(Row::passed);
  }

  /** The rows beyond their tolerance. */
  public List<Row> failures() {
    return rows.stream().filter(row -> !row.passed()).toList();
  }

  /** The largest error of a kind; 0 if there is no such row. */
  public double worst(String kind) {
    return rows.stream()
        .filter(row -> row.kind().equals(kind))
        .mapToDouble(Row::error)
        .max()
        .orElse(0);
  }

  /** The folder and every row, one a line. */
  @Override
  public String toString() {
    StringBuilder text = new StringBuilder(folder.toString());
    rows.forEach(row -> text.append(System.lineSeparator()).append("  ").append(row));
    return text.toString();
  }
}
