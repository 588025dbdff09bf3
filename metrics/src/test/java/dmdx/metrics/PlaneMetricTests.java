package dmdx.metrics;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import com.typesafe.config.ConfigFactory;
import dmdx.api.Metric;
import dmdx.api.NoiseSchedule;
import dmdx.api.Teacher;
import dmdx.api.settings.Settings;
import dmdx.nn.plane.PlaneDistribution;
import dmdx.nn.plane.PlaneGrid;
import dmdx.nn.weights.Noise;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.mockito.Mockito;

class PlaneMetricTests {

  /** Two equal Gaussians of deviation 0.5 at (-2, 0) and (2, 0). */
  private static final class Pair implements PlaneDistribution {
    @Override
    public double density(double x, double y) {
      return modes().stream()
          .mapToDouble(m -> Math.exp(-2 * (Math.pow(x - m[0], 2) + y * y)) / Math.PI)
          .sum();
    }

    @Override
    public List<double[]> modes() {
      return List.of(new double[] {-2, 0}, new double[] {2, 0});
    }

    @Override
    public double reach() {
      return 1.5;
    }

    @Override
    public PlaneGrid grid() {
      return new PlaneGrid(-5, 5, 20);
    }

    @Override
    public NDArray clean(NDArray x, double[] t, NoiseSchedule schedule) {
      throw new UnsupportedOperationException("not asked for here");
    }
  }

  /** Points of one mode, or of both in turn. */
  private static Map<String, Double> scores(int count, boolean both) {
    try (NDManager manager = NDManager.newBaseManager()) {
      float[] xy = Noise.of(1).gaussian(manager, new Shape(count, 2)).toFloatArray();
      for (int i = 0; i < count; i++) {
        xy[2 * i] = xy[2 * i] / 2 + (both && i % 2 == 1 ? 2 : -2);
        xy[2 * i + 1] /= 2;
      }
      Metric.Tally tally = new PlaneMetric(new Pair()).begin();
      NDArray points = manager.create(xy, new Shape(count, 2));
      tally.add(points.get("0:" + count / 2), List.of());
      tally.add(points.get(count / 2 + ":"), List.of());
      return tally.scores(tally).stream()
          .collect(Collectors.toMap(Metric.Score::name, Metric.Score::value));
    }
  }

  @Test
  void the_distribution_itself_has_all_modes_and_no_distance_but_that_of_sampling() {
    Map<String, Double> scores = scores(100_000, true);
    assertEquals(2, scores.get("modes"));
    assertTrue(scores.get("TV") < 0.02, scores.toString());
    assertTrue(scores.get("KL") < 0.003, scores.toString());
  }

  @Test
  void a_restored_tally_scores_the_same() {
    try (NDManager manager = NDManager.newBaseManager()) {
      PlaneMetric metric = new PlaneMetric(new Pair());
      Metric.Tally seen = metric.begin();
      seen.add(Noise.of(1).gaussian(manager, new Shape(50, 2)), List.of());
      seen.add(Noise.of(2).gaussian(manager, new Shape(50, 2)), List.of());
      Metric.Tally restored = metric.begin();
      restored.restore(seen.save(manager).orElseThrow(), List.of());
      assertEquals(seen.scores(seen), restored.scores(seen));
    }
  }

  @Test
  void one_of_two_modes_is_half_the_variation_and_log_two() {
    Map<String, Double> scores = scores(100_000, false);
    assertEquals(1, scores.get("modes"));
    assertEquals(0.5, scores.get("TV"), 0.01);
    assertEquals(Math.log(2), scores.get("KL"), 0.01);
  }

  @Test
  void refuses_a_teacher_of_other_samples() {
    Settings settings = Settings.of(ConfigFactory.empty(), Path.of(""));
    IllegalArgumentException error =
        assertThrows(
            IllegalArgumentException.class,
            () -> new PlaneProvider().open(Mockito.mock(Teacher.class), settings));
    assertTrue(error.getMessage().contains("points of the plane"), error.getMessage());
  }
}
