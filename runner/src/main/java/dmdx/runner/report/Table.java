package dmdx.runner.report;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * A table of text with aligned columns: headings, a rule, rows. Numbers are aligned to the right.
 */
public final class Table {
  private final List<List<String>> rows = new ArrayList<>();
  private final int columns;

  public Table(List<String> headings) {
    columns = headings.size();
    rows.add(List.copyOf(headings));
  }

  /**
   * @throws IllegalArgumentException if there are more or fewer cells than headings
   */
  public Table row(List<String> cells) {
    if (cells.size() != columns) {
      throw new IllegalArgumentException(
          "a row has %d cells, expected %d".formatted(cells.size(), columns));
    }
    rows.add(List.copyOf(cells));
    return this;
  }

  public Table row(String... cells) {
    return row(List.of(cells));
  }

  /** The lines, without trailing spaces and without a final line break. */
  @Override
  public String toString() {
    int[] widths = new int[columns];
    boolean[] right = new boolean[columns];
    for (int c = 0; c < columns; c++) {
      right[c] = rows.size() > 1;
      for (int r = 0; r < rows.size(); r++) {
        String cell = rows.get(r).get(c);
        widths[c] = Math.max(widths[c], cell.length());
        right[c] &= r == 0 || cell.isEmpty() || cell.matches("[-+]?[0-9.].*|NaN|∞");
      }
    }
    List<String> lines = new ArrayList<>();
    rows.forEach(row -> lines.add(line(row, widths, right)));
    List<String> rule = new ArrayList<>();
    for (int width : widths) {
      rule.add("-".repeat(width));
    }
    lines.add(1, String.join("  ", rule).stripTrailing());
    return String.join(System.lineSeparator(), lines);
  }

  private static String line(List<String> row, int[] widths, boolean[] right) {
    StringBuilder line = new StringBuilder();
    for (int c = 0; c < widths.length; c++) {
      String format = "%" + (right[c] ? "" : "-") + Math.max(1, widths[c]) + "s";
      line.append(c == 0 ? "" : "  ").append(String.format(Locale.ROOT, format, row.get(c)));
    }
    return line.toString().stripTrailing();
  }
}
