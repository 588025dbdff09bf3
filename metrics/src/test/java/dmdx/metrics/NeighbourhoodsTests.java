package dmdx.metrics;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dmdx.api.Metric;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

class NeighbourhoodsTests {

  private static Map<String, Double> scores(FeatureRows samples, FeatureRows reference, int k) {
    Map<String, Double> scores = new LinkedHashMap<>();
    for (Metric.Score score : new Neighbourhoods(samples, reference, k).scores()) {
      scores.put(score.name(), score.value());
    }
    return scores;
  }

  /** Balls of the reference reach 1; those of the samples 9.5, 1 and 1. */
  @Test
  void agrees_with_a_count_by_hand() {
    Map<String, Double> scores = scores(Rows.line(0.5, 10, 11), Rows.line(0, 1, 2, 3), 1);
    assertEquals(
        Map.of("precision", 1 / 3.0, "recall", 1.0, "density", 2 / 3.0, "coverage", 0.5), scores);
  }

  @Test
  void the_second_neighbour_reaches_further() {
    Map<String, Double> scores = scores(Rows.line(2.5, 30, 31), Rows.line(0, 1, 3, 7), 2);
    // balls of the reference reach 3, 2, 3 and 6, so all hold 2.5
    assertEquals(1 / 3.0, scores.get("precision"));
    assertEquals(4 / 6.0, scores.get("density"), 1e-12);
    assertEquals(1, scores.get("coverage"));
  }

  @Test
  void a_set_has_all_of_itself_and_nothing_of_one_far_away() {
    Random random = new Random(1);
    FeatureRows set = Rows.line(random.doubles(30).toArray());
    FeatureRows far = Rows.line(random.doubles(30).map(x -> x + 100).toArray());
    Map<String, Double> same = scores(set, set, 3);
    assertEquals(
        List.of(1.0, 1.0, 1.0),
        List.of(same.get("precision"), same.get("recall"), same.get("coverage")));
    assertTrue(same.get("density") >= 1, same.toString());
    assertEquals(
        Map.of("precision", 0.0, "recall", 0.0, "density", 0.0, "coverage", 0.0),
        scores(far, set, 3));
  }

  @Test
  void samples_of_one_mode_are_precise_and_recall_little() {
    FeatureRows reference = Rows.line(0, 0.1, 0.2, 0.3, 50, 50.1, 50.2, 50.3);
    Map<String, Double> scores = scores(Rows.line(0.05, 0.15, 0.25, 0.12), reference, 1);
    assertEquals(1, scores.get("precision"));
    assertEquals(0.5, scores.get("coverage"));
    assertTrue(scores.get("recall") <= 0.5, scores.toString());
  }
}
