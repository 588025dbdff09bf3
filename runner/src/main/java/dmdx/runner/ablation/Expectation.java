package dmdx.runner.ablation;

import dmdx.api.settings.Names;
import java.util.List;
import java.util.function.Consumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Which of two rows is expected to have the smaller score: {@code "B3 < B4 on attributes.garment"}.
 *
 * @param text as the file says it
 */
record Expectation(String text, String smaller, String larger, String metric) {
  private static final Pattern FORM = Pattern.compile("(.+) ([<>]) (.+) on (\\S+\\.\\S+)");

  /** What the measured intervals say. */
  enum Verdict {
    HOLDS("holds"),
    DOES_NOT_HOLD("does not hold"),
    UNDECIDED("undecided"),
    NO_INTERVAL("undecided: no interval, more seeds are needed"),
    NOT_MEASURED("not measured");

    private final String words;

    Verdict(String words) {
      this.words = words;
    }

    @Override
    public String toString() {
      return words;
    }
  }

  /**
   * @param rows names that may be compared
   * @param problems takes what is wrong with the text
   * @return {@code null} if anything is wrong
   */
  static @Nullable Expectation parse(String text, List<String> rows, Consumer<String> problems) {
    Matcher form = FORM.matcher(text.strip());
    if (!form.matches()) {
      problems.accept(
          "has \"%s\". Write \"ROW < ROW on METRIC\" or \"ROW > ROW on METRIC\".".formatted(text));
      return null;
    }
    String left = form.group(1).strip();
    String right = form.group(3).strip();
    boolean known = true;
    for (String row : List.of(left, right)) {
      if (!rows.contains(row)) {
        problems.accept(
            "has \"%s\", but no row is named '%s'.%s Rows: %s."
                .formatted(text, row, Names.hint(row, rows), String.join(", ", rows)));
        known = false;
      }
    }
    boolean ascending = form.group(2).equals("<");
    return known
        ? new Expectation(text, ascending ? left : right, ascending ? right : left, form.group(4))
        : null;
  }

  /**
   * Decided only where the 95 % interval of a difference does not hold 0.
   *
   * @param difference of the row expected to be larger, less the other
   */
  static Verdict verdict(Estimate difference) {
    if (!difference.isKnown()) {
      return Verdict.NOT_MEASURED;
    }
    if (difference.low() > 0) {
      return Verdict.HOLDS;
    }
    return difference.high() < 0 ? Verdict.DOES_NOT_HOLD : Verdict.UNDECIDED;
  }

  /** Of rows that no two seeds have both: decided only where their 95 % intervals lie apart. */
  static Verdict verdict(@Nullable Estimate smaller, @Nullable Estimate larger) {
    if (smaller == null
        || larger == null
        || !Double.isFinite(smaller.mean())
        || !Double.isFinite(larger.mean())) {
      return Verdict.NOT_MEASURED;
    }
    if (!smaller.isKnown() || !larger.isKnown()) {
      return Verdict.NO_INTERVAL;
    }
    if (smaller.high() < larger.low()) {
      return Verdict.HOLDS;
    }
    return smaller.low() > larger.high() ? Verdict.DOES_NOT_HOLD : Verdict.UNDECIDED;
  }
}
