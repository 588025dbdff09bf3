package dmdx.metrics;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dmdx.api.Metric;
import java.util.List;
import org.junit.jupiter.api.Test;

class DiversityTests {

  @Test
  void is_the_mean_over_the_pairs_of_each_prompt() {
    List<String> prompts = List.of("a", "a", "a", "b", "b");
    List<float[]> features =
        List.of(
            new float[] {0, 0},
            new float[] {3, 4},
            new float[] {0, 0},
            new float[] {100, 0},
            new float[] {100, 2});
    assertEquals(
        (5 + 0 + 5 + 2) / 4.0,
        Diversity.of(Rows.of(prompts, features)).score("d", Metric.Format.NUMBER).value(),
        1e-12);
  }

  @Test
  void is_unknown_where_no_prompt_has_two_pictures() {
    assertTrue(Diversity.of(Rows.line(0, 1)).isEmpty());
  }
}
