package dmdx.runner.ablation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import dmdx.runner.ablation.Estimate.Score;
import java.util.List;
import java.util.stream.DoubleStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class EstimateTests {
  private static Estimate of(double... values) {
    return Estimate.of(DoubleStream.of(values).mapToObj(Score::of).toList());
  }

  @ParameterizedTest
  @CsvSource({
    "1, 12.7062",
    "2, 4.30265",
    "3, 3.18245",
    "4, 2.77645",
    "5, 2.57058",
    "9, 2.26216",
    "10, 2.22814",
    "29, 2.04523",
    "30, 2.04227",
    "120, 1.97993",
  })
  void quantiles_are_those_of_the_tables(int freedom, double t) {
    assertEquals(t, StudentT.quantile(0.95, freedom), 6e-5);
  }

  @Test
  void an_interval_over_three_runs_is_the_one_computed_by_hand() {
    Estimate e = of(1, 2, 6); // mean 3, s^2 = 7, s/sqrt(3) = 1.527525
    assertEquals(3, e.mean(), 1e-12);
    assertEquals(3 - 4.302653 * 1.527525, e.low(), 1e-5);
    assertEquals(3 + 4.302653 * 1.527525, e.high(), 1e-5);
    assertEquals("3.0 ± 6.6", e.toString());
  }

  @Test
  void one_run_has_the_interval_of_its_own_score() {
    assertEquals(
        "0.523 [0.500, 0.532]", Estimate.of(List.of(new Score(0.523, 0.5, 0.532))).toString());
    Estimate none = of(0.81234567);
    assertFalse(none.isKnown());
    assertEquals("0.8123", none.toString());
    assertEquals("25", of(25).toString());
  }

  @ParameterizedTest
  @CsvSource({
    "0.8, 0.81, 0.82, 0.810 ± 0.025",
    "100, 110, 120, 110 ± 25",
    "25, 25, 25, 25.00 ± 0.00",
    "0, 0, 0, 0.0 ± 0.0",
    "NaN, 1, 1, NaN",
  })
  void shows_two_digits_of_the_interval(double a, double b, double c, String shown) {
    assertEquals(shown, of(a, b, c).toString());
  }
}
