package dmdx.metrics;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import com.typesafe.config.ConfigFactory;
import dmdx.api.CheckpointException;
import dmdx.api.Metric;
import dmdx.api.MetricProvider;
import dmdx.api.Teacher;
import dmdx.api.settings.Settings;
import dmdx.api.settings.SettingsException;
import dmdx.nn.classify.Attribute;
import dmdx.nn.classify.AttributeClassifier;
import dmdx.nn.weights.DType;
import dmdx.nn.weights.ForwardPass;
import dmdx.nn.weights.SafetensorsWriter;
import dmdx.nn.weights.TrainableWeights;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.ServiceLoader;
import java.util.function.Function;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.mockito.Mockito;

class AttributesMetricTests {
  private static final List<Attribute> ATTRIBUTES =
      List.of(
          new Attribute("colour", List.of("dark", "bright")),
          new Attribute("shape", List.of("disc", "star")));
  private static final AttributeClassifier CLASSIFIER =
      new AttributeClassifier(List.of(8), ATTRIBUTES);

  @TempDir Path folder;
  private final NDManager manager = NDManager.newBaseManager();
  private Metric metric;

  /** A classifier of random weights; what it says is what it is compared with. */
  @BeforeEach
  void opens() throws IOException {
    Files.writeString(
        folder.resolve("config.json"),
        """
        {"channels": [8], "attributes": {"colour": ["dark", "bright"], "shape": ["disc", "star"]}}
        """);
    try (TrainableWeights weights = TrainableWeights.initialised(CLASSIFIER, 1, manager)) {
      Map<String, NDArray> tensors = new LinkedHashMap<>();
      weights.names().forEach(name -> tensors.put(name, weights.get(name)));
      SafetensorsWriter.write(folder.resolve("model.safetensors"), tensors, Map.of(), DType.F32);
    }
    metric = open("classifier = " + quoted(folder));
  }

  @AfterEach
  void closes() {
    metric.close();
    manager.close();
  }

  private static String quoted(Path path) {
    return "\"" + path + "\"";
  }

  private static Metric open(String settings) {
    return new AttributesProvider()
        .open(
            Mockito.mock(Teacher.class),
            Settings.of(ConfigFactory.parseString(settings), Path.of(".")));
  }

  private NDArray noise(long seed, int rows) {
    return dmdx.nn.weights.Noise.of(seed).gaussian(manager, new Shape(rows, 3, 8, 8));
  }

  /** The colour that the classifier sees in each picture. */
  private List<String> colours(NDArray pixels) {
    return seen(
        pixels,
        output -> {
          List<String> names = new ArrayList<>();
          for (long label : output.scores().get("colour").argMax(1).toLongArray()) {
            names.add(ATTRIBUTES.get(0).labels().get((int) label));
          }
          return names;
        });
  }

  private <T> T seen(NDArray pixels, Function<AttributeClassifier.Output, T> read) {
    try (TrainableWeights weights = TrainableWeights.initialised(CLASSIFIER, 1, manager)) {
      return read.apply(CLASSIFIER.forward(ForwardPass.of(weights, manager), pixels));
    }
  }

  private static Map<String, Metric.Score> scores(Metric.Tally tally, Metric.Tally reference) {
    Map<String, Metric.Score> scores = new LinkedHashMap<>();
    tally.scores(reference).forEach(s -> scores.put(s.name(), s));
    return scores;
  }

  private Metric.Tally tally(NDArray decoded, List<String> prompts) {
    Metric.Tally tally = metric.begin();
    tally.add(decoded, prompts);
    return tally;
  }

  @Test
  void accuracy_is_the_share_of_pictures_as_asked() {
    NDArray pixels = noise(3, 4).clip(-1, 1);
    List<String> prompts = new ArrayList<>();
    colours(pixels).forEach(colour -> prompts.add("something " + colour));
    Metric.Tally right = tally(pixels, prompts);
    Metric.Score all = scores(right, right).get("colour");
    assertEquals(1, all.value());
    assertEquals(Metric.Format.SHARE, all.format());
    prompts.set(1, prompts.get(1).endsWith("dark") ? "something bright" : "something dark");
    assertEquals(0.75, scores(tally(pixels, prompts), right).get("colour").value());
  }

  @Test
  void leaves_out_an_attribute_that_no_prompt_names() {
    Metric.Tally tally = tally(noise(3, 2), List.of("a dark thing", "a dark thing"));
    assertEquals(
        List.of("colour", "frechet", "diversity"), List.copyOf(scores(tally, tally).keySet()));
  }

  @Test
  void distances_are_those_of_the_features() {
    NDArray pixels = noise(3, 4).clip(-1, 1);
    NDArray others = noise(4, 4).clip(-1, 1);
    List<String> prompts = List.of("a", "a", "b", "b");
    Map<String, Metric.Score> scores = scores(tally(pixels, prompts), tally(others, prompts));
    List<float[]> features = seen(pixels, AttributesMetricTests::rows);
    List<float[]> reference = seen(others, AttributesMetricTests::rows);
    assertEquals(FrechetDistance.between(features, reference), scores.get("frechet").value(), 1e-6);
    assertEquals(
        Diversity.of(Rows.of(prompts, features)).score("d", Metric.Format.NUMBER).value(),
        scores.get("diversity").value(),
        1e-6);
    assertTrue(scores.get("frechet").value() > 0);
  }

  private static List<float[]> rows(AttributeClassifier.Output output) {
    List<float[]> rows = new ArrayList<>();
    for (long i = 0; i < output.features().getShape().get(0); i++) {
      rows.add(output.features().get(i).toFloatArray());
    }
    return rows;
  }

  @Test
  void batches_make_no_difference() {
    NDArray pixels = noise(3, 4);
    List<String> prompts = List.of("dark", "dark", "bright", "bright");
    Metric.Tally whole = tally(pixels, prompts);
    Metric.Tally parts = tally(pixels.get("0:1"), prompts.subList(0, 1));
    parts.add(pixels.get("1:4"), prompts.subList(1, 4));
    Map<String, Metric.Score> expected = scores(whole, whole);
    scores(parts, whole)
        .forEach((name, s) -> assertEquals(expected.get(name).value(), s.value(), 1e-5, name));
  }

  @Test
  void a_restored_tally_scores_the_same_to_the_last_bit() {
    List<String> prompts = List.of("dark", "dark", "a thing", "bright disc");
    Metric.Tally seen = tally(noise(3, 4), prompts);
    Metric.Tally reference = tally(noise(4, 4), prompts);
    Metric.Tally restored = metric.begin();
    restored.restore(reference.save(manager).orElseThrow(), prompts);
    assertEquals(seen.scores(reference), seen.scores(restored));
    assertEquals(reference.scores(seen), restored.scores(seen));
  }

  @Test
  void clamps_what_the_codec_decodes() {
    NDArray pixels = noise(3, 2).mul(3);
    List<String> prompts = List.of("dark", "dark");
    Metric.Tally clamped = tally(pixels.clip(-1, 1), prompts);
    assertEquals(0, scores(tally(pixels, prompts), clamped).get("frechet").value(), 1e-6);
  }

  @Test
  void looks_at_the_middle_frame_of_a_video() {
    NDArray middle = noise(3, 2);
    NDArray video = NDArrays.stack(new NDList(noise(5, 2), noise(6, 2), middle, noise(7, 2)), 2);
    assertEquals(new Shape(2, 3, 4, 8, 8), video.getShape());
    List<String> prompts = List.of("dark", "dark");
    Map<String, Metric.Score> scores = scores(tally(video, prompts), tally(middle, prompts));
    assertEquals(0, scores.get("frechet").value(), 1e-6);
  }

  @Test
  void says_which_samples_it_expects() {
    Metric.Tally tally = metric.begin();
    NDArray points = manager.zeros(new Shape(2, 2, 1, 1));
    String message =
        assertThrows(IllegalArgumentException.class, () -> tally.add(points, List.of("a", "a")))
            .getMessage();
    assertTrue(message.contains("(2, 2, 1, 1)"), message);
    assertTrue(message.contains("expected pictures [B, 3, H, W]"), message);
  }

  @Test
  void wants_a_classifier_and_nothing_else() {
    String message =
        assertThrows(SettingsException.class, () -> open("clasifier = x")).getMessage();
    assertTrue(message.contains("'classifier' is missing"), message);
    assertTrue(message.contains("Did you mean 'classifier'"), message);
    Path nowhere = folder.resolve("nowhere");
    CheckpointException missing =
        assertThrows(CheckpointException.class, () -> open("classifier = " + quoted(nowhere)));
    assertTrue(missing.getMessage().contains("nowhere"), missing.getMessage());
  }

  @Test
  void is_found_by_name() {
    AttributesMetricTests.class.getModule().addUses(MetricProvider.class);
    List<String> names =
        ServiceLoader.load(MetricProvider.class, AttributesMetricTests.class.getClassLoader())
            .stream()
            .map(p -> p.get().name())
            .toList();
    assertEquals(
        List.of("attributes", "clip-score", "frechet", "hps", "lpips", "pick-score", "plane"),
        names);
    assertTrue(new AttributesProvider().defaults().isEmpty());
  }
}
