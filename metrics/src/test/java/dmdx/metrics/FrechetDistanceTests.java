package dmdx.metrics;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dmdx.api.Metric;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class FrechetDistanceTests {

  /** Independent Gaussians, one row per sample. */
  private static List<float[]> gaussian(long seed, double[] mean, double[] deviation) {
    Random random = new Random(seed);
    return IntStream.range(0, 20_000)
        .mapToObj(
            row -> {
              float[] x = new float[mean.length];
              for (int i = 0; i < x.length; i++) {
                x[i] = (float) (mean[i] + deviation[i] * random.nextGaussian());
              }
              return x;
            })
        .toList();
  }

  @Test
  void is_zero_between_a_set_and_itself() {
    List<float[]> set = gaussian(1, new double[] {1, -2, 0}, new double[] {1, 3, 0.1});
    assertEquals(0, FrechetDistance.between(set, set), 1e-9);
  }

  @Test
  void a_shift_counts_squared() {
    List<float[]> set = gaussian(1, new double[] {0, 0}, new double[] {1, 2});
    List<float[]> moved = set.stream().map(x -> new float[] {x[0] + 3, x[1] - 4}).toList();
    assertEquals(25, FrechetDistance.between(set, moved), 1e-3);
  }

  /** Of diagonal covariances the distance is the squared distance of the deviations. */
  @Test
  void agrees_with_the_formula_for_independent_gaussians() {
    List<float[]> a = gaussian(1, new double[] {0, 1}, new double[] {1, 2});
    List<float[]> b = gaussian(2, new double[] {1, 1}, new double[] {3, 0.5});
    assertEquals(1 + 4 + 2.25, FrechetDistance.between(a, b), 0.2);
  }

  /** On the line {@code (x, x)} variances v and w give {@code 2 (sqrt(v) - sqrt(w))^2}. */
  @Test
  void covariances_of_low_rank_have_a_distance() {
    List<float[]> a = List.of(new float[] {-1, -1}, new float[] {1, 1});
    List<float[]> b = List.of(new float[] {-3, -3}, new float[] {3, 3});
    assertEquals(2 * 2 * 4, FrechetDistance.between(a, b), 1e-6);
    assertEquals(FrechetDistance.between(b, a), FrechetDistance.between(a, b), 1e-6);
  }

  @Test
  void features_that_are_not_finite_have_no_distance() {
    List<float[]> sound = List.of(new float[] {1, 2}, new float[] {2, 5}, new float[] {4, 1});
    for (float broken : new float[] {Float.NaN, Float.POSITIVE_INFINITY}) {
      List<float[]> rows = List.of(new float[] {1, 2}, new float[] {2, broken}, sound.get(2));
      assertEquals(
          new Metric.Score("frechet", Double.NaN, Metric.Format.NUMBER),
          FrechetDistance.score("frechet", Rows.each(rows), Rows.each(sound)));
      assertEquals(Double.NaN, FrechetDistance.between(sound, rows));
    }
  }

  @Test
  void one_sample_has_no_covariance() {
    List<float[]> one = List.of(new float[] {1});
    assertThrows(IllegalArgumentException.class, () -> FrechetDistance.between(one, one));
  }

  /** Far apart, the distance varies as twice the gap times the error of the means. */
  @Test
  void the_interval_is_that_of_the_samples_error() {
    List<float[]> all = gaussian(3, new double[] {0}, new double[] {1});
    FeatureRows a = Rows.each(all.subList(0, 200));
    FeatureRows b =
        Rows.each(all.subList(200, 400).stream().map(x -> new float[] {x[0] + 3}).toList());
    Metric.Score score = FrechetDistance.score("frechet", a, b);
    double reach = 1.96 * 2 * 3 * Math.sqrt(2 / 200.0);
    assertEquals(reach, score.value() - score.low(), 0.25 * reach);
    assertEquals(score.value() - score.low(), score.high() - score.value(), 1e-9);
    assertEquals(score, FrechetDistance.score("frechet", a, b));
  }

  @Test
  void has_no_interval_with_one_prompt_or_where_it_would_take_long() {
    List<float[]> rows = List.of(new float[] {1}, new float[] {2}, new float[] {4});
    FeatureRows one = Rows.of(List.of("a", "a", "a"), rows);
    assertFalse(FrechetDistance.score("frechet", one, one).hasInterval());
    FeatureRows wide = Rows.each(List.of(new float[400], new float[400]));
    Metric.Score score = FrechetDistance.score("frechet", wide, wide);
    assertEquals(new Metric.Score("frechet", 0, Metric.Format.NUMBER), score);
  }
}
