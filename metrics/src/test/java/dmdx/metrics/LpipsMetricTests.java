package dmdx.metrics;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import com.typesafe.config.ConfigFactory;
import dmdx.api.CheckpointException;
import dmdx.api.Metric;
import dmdx.api.Teacher;
import dmdx.api.settings.Settings;
import dmdx.nn.perceptual.Lpips;
import dmdx.nn.weights.DType;
import dmdx.nn.weights.ForwardPass;
import dmdx.nn.weights.Noise;
import dmdx.nn.weights.SafetensorsWriter;
import dmdx.nn.weights.TrainableWeights;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.mockito.Mockito;

class LpipsMetricTests {
  private static final Lpips ALEX = Lpips.alex();
  private static final List<String> ASKED = List.of("a", "a", "a", "b", "b");

  @TempDir static Path folder;
  private static final NDManager MANAGER = NDManager.newBaseManager();
  private static TrainableWeights weights;
  private final Metric metric = open("size = 32");

  @BeforeAll
  static void writesBothFiles() {
    weights = TrainableWeights.initialised(ALEX, 2, MANAGER);
    Map<String, NDArray> features = new LinkedHashMap<>();
    Map<String, NDArray> linear = new LinkedHashMap<>();
    for (String name : weights.names()) {
      (name.startsWith("lin") ? linear : features).put(name, weights.get(name));
    }
    features.put("classifier.6.bias", MANAGER.zeros(new Shape(3)));
    SafetensorsWriter.write(folder.resolve("alexnet.safetensors"), features, Map.of(), DType.F32);
    SafetensorsWriter.write(folder.resolve("lin.safetensors"), linear, Map.of(), DType.F32);
  }

  @AfterEach
  void closes() {
    metric.close();
  }

  @AfterAll
  static void frees() {
    MANAGER.close();
  }

  private static Metric open(String settings) {
    LpipsProvider provider = new LpipsProvider();
    String files = "path = alexnet.safetensors\nlinear = lin.safetensors\n";
    return provider.open(
        Mockito.mock(Teacher.class),
        Settings.of(
            ConfigFactory.parseString(files + settings).withFallback(provider.defaults()), folder));
  }

  private static NDArray pictures(int rows, int side) {
    return Noise.of(9).gaussian(MANAGER, new Shape(rows, 3, side, side)).clip(-1, 1);
  }

  private static double distance(NDArray pictures, int i, int j) {
    ForwardPass pass = ForwardPass.of(weights, MANAGER);
    return ALEX.distance(pass, pictures.get(i + ":" + (i + 1)), pictures.get(j + ":" + (j + 1)))
        .getFloat();
  }

  private Metric.Score score(Metric.Tally tally) {
    return tally.scores(metric.begin()).get(0);
  }

  @Test
  void is_the_mean_over_the_pairs_of_each_prompt() {
    NDArray pictures = pictures(5, 32);
    double expected =
        (distance(pictures, 0, 1)
                + distance(pictures, 0, 2)
                + distance(pictures, 1, 2)
                + distance(pictures, 3, 4))
            / 4;
    Metric.Tally tally = metric.begin();
    try (NDManager batch = MANAGER.newSubManager()) {
      tally.add(copy(pictures, 0, 2, batch), ASKED.subList(0, 2));
    } // what a batch leaves is freed; its features are needed still
    try (NDManager batch = MANAGER.newSubManager()) {
      tally.add(copy(pictures, 2, 5, batch), ASKED.subList(2, 5));
    }
    assertEquals(expected, score(tally).value(), 1e-5 * Math.abs(expected));
    assertTrue(score(tally).hasInterval());
  }

  private static NDArray copy(NDArray pictures, int from, int to, NDManager owner) {
    NDArray part = pictures.get(from + ":" + to).duplicate();
    part.attach(owner);
    return part;
  }

  @Test
  void equal_pictures_are_no_distance_apart_and_single_ones_have_none() {
    NDArray picture = pictures(1, 32);
    Metric.Tally same = metric.begin();
    same.add(picture.concat(picture, 0), List.of("a", "a"));
    assertEquals(0, score(same).value(), 1e-9);
    Metric.Tally single = metric.begin();
    single.add(pictures(2, 32), List.of("a", "b"));
    assertEquals(List.of(), single.scores(same));
  }

  @Test
  void a_restored_tally_scores_the_same_to_the_last_bit() {
    Metric.Tally seen = metric.begin();
    seen.add(pictures(5, 32), ASKED);
    Metric.Tally restored = metric.begin();
    restored.restore(seen.save(MANAGER).orElseThrow(), ASKED);
    assertEquals(seen.scores(seen), restored.scores(seen));
  }

  @Test
  void large_pictures_are_shrunk_by_their_short_side() {
    NDArray wide = MANAGER.zeros(new Shape(1, 3, 64, 96));
    assertEquals(new Shape(1, 3, 32, 48), LpipsMetric.shrunk(wide, 32).getShape());
    assertEquals(wide, LpipsMetric.shrunk(wide, 64));
    assertEquals(wide, LpipsMetric.shrunk(wide, 0));
  }

  @Test
  void names_every_tensor_that_no_file_has() {
    CheckpointException missing =
        assertThrows(CheckpointException.class, () -> open("linear = alexnet.safetensors").close());
    String message = String.valueOf(missing.getMessage());
    for (int k = 0; k < 5; k++) {
      assertTrue(message.contains("'lin%d.model.1.weight' is missing".formatted(k)), message);
    }
    CheckpointException other =
        assertThrows(CheckpointException.class, () -> open("net = vgg").close());
    assertTrue(
        String.valueOf(other.getMessage())
            .contains("'features.0.weight' is (64, 3, 11, 11), expected (64, 3, 3, 3)"),
        other.getMessage());
  }
}
