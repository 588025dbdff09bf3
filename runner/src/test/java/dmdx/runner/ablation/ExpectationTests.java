package dmdx.runner.ablation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import dmdx.runner.ablation.Expectation.Verdict;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ExpectationTests {
  private static final List<String> ROWS = List.of("B3 DMD with ADP", "B4 DMDX", "a < b on c");

  @Test
  void reads_both_directions_and_rows_with_any_name() {
    List<String> problems = new ArrayList<>();
    assertEquals(
        new Expectation("B4 DMDX > B3 DMD with ADP on x.y", "B3 DMD with ADP", "B4 DMDX", "x.y"),
        Expectation.parse("B4 DMDX > B3 DMD with ADP on x.y", ROWS, problems::add));
    assertEquals(
        new Expectation("B4 DMDX < B3 DMD with ADP on x.y", "B4 DMDX", "B3 DMD with ADP", "x.y"),
        Expectation.parse("B4 DMDX < B3 DMD with ADP on x.y", ROWS, problems::add));
    assertEquals(List.of(), problems);
  }

  @ParameterizedTest
  @ValueSource(strings = {"B4 DMDX is best", "B4 DMDX < B3 DMD with ADP", "B4 DMDX<B4 DMDX on x.y"})
  void rejects_what_is_no_comparison(String text) {
    List<String> problems = new ArrayList<>();
    assertNull(Expectation.parse(text, ROWS, problems::add));
    assertEquals(
        List.of(
            "has \"%s\". Write \"ROW < ROW on METRIC\" or \"ROW > ROW on METRIC\"."
                .formatted(text)),
        problems);
  }

  @ParameterizedTest
  @CsvSource({"1, 2, HOLDS", "-2, -1, DOES_NOT_HOLD", "-1, 1, UNDECIDED", "0, 1, UNDECIDED"})
  void decides_a_difference_whose_interval_does_not_hold_0(
      double low, double high, Verdict verdict) {
    assertEquals(verdict, Expectation.verdict(new Estimate((low + high) / 2, low, high, 3)));
  }

  @ParameterizedTest
  @CsvSource({
    "1, 2, 3, 4, HOLDS",
    "3, 4, 1, 2, DOES_NOT_HOLD",
    "1, 3, 2, 4, UNDECIDED",
    "1, 2, 2, 4, UNDECIDED",
    "NaN, NaN, 2, 4, NOT_MEASURED",
  })
  void decides_only_where_intervals_lie_apart(
      double low, double high, double otherLow, double otherHigh, Verdict verdict) {
    assertEquals(
        verdict,
        Expectation.verdict(
            new Estimate((low + high) / 2, low, high, 3),
            new Estimate((otherLow + otherHigh) / 2, otherLow, otherHigh, 3)));
    assertEquals(
        Verdict.NO_INTERVAL,
        Expectation.verdict(new Estimate(1, Double.NaN, Double.NaN, 1), new Estimate(3, 2, 4, 3)));
    assertEquals(Verdict.NOT_MEASURED, Expectation.verdict(null, new Estimate(1, 0, 2, 3)));
  }
}
