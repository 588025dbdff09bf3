package dmdx.metrics;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import com.typesafe.config.ConfigFactory;
import dmdx.api.Metric;
import dmdx.api.Teacher;
import dmdx.api.settings.Settings;
import dmdx.api.settings.SettingsException;
import dmdx.nn.perceptual.Lpips;
import dmdx.nn.weights.DType;
import dmdx.nn.weights.Noise;
import dmdx.nn.weights.SafetensorsWriter;
import dmdx.nn.weights.TrainableWeights;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.mockito.Mockito;

class FrechetMetricTests {
  private static final List<String> ASKED =
      IntStream.range(0, 8).mapToObj(i -> "prompt " + i / 2).toList();

  @TempDir Path folder;
  private final NDManager manager = NDManager.newBaseManager();

  @AfterEach
  void frees() {
    manager.close();
  }

  private Metric open(String settings) {
    FrechetProvider provider = new FrechetProvider();
    return provider.open(
        Mockito.mock(Teacher.class),
        Settings.of(ConfigFactory.parseString(settings).withFallback(provider.defaults()), folder));
  }

  private static Map<String, Metric.Score> scores(
      Metric metric, NDArray pictures, NDArray reference) {
    Metric.Tally tally = metric.begin();
    tally.add(pictures, ASKED);
    Metric.Tally other = metric.begin();
    other.add(reference, ASKED);
    Map<String, Metric.Score> scores = new LinkedHashMap<>();
    tally.scores(other).forEach(score -> scores.put(score.name(), score));
    Metric.Tally restored = metric.begin();
    restored.restore(other.save(reference.getManager()).orElseThrow(), ASKED);
    assertEquals(tally.scores(other), tally.scores(restored));
    return scores;
  }

  @Test
  void looks_at_a_clips_embeddings() throws IOException {
    TinyClip clip = TinyClip.write(folder, 1, manager);
    try (Metric metric = open("features = clip, path = ., neighbours = 3")) {
      NDArray pictures = clip.pictures(1, 8);
      Map<String, Metric.Score> same = scores(metric, pictures, pictures);
      assertEquals(
          List.of("frechet", "precision", "recall", "density", "coverage"),
          List.copyOf(same.keySet()));
      assertEquals(0, same.get("frechet").value(), 1e-6);
      assertEquals(1, same.get("coverage").value());
      NDArray others = clip.pictures(2, 8).abs();
      assertTrue(scores(metric, others, pictures).get("frechet").value() > 1e-3);
    }
  }

  @Test
  void looks_at_the_mean_of_a_classifiers_last_map() {
    Lpips alex = Lpips.alex();
    Map<String, NDArray> features = new LinkedHashMap<>();
    try (TrainableWeights weights = TrainableWeights.initialised(alex, 2, manager)) {
      weights.names().stream()
          .filter(name -> !name.startsWith("lin"))
          .forEach(name -> features.put(name, weights.get(name)));
      SafetensorsWriter.write(folder.resolve("alex.safetensors"), features, Map.of(), DType.F32);
    }
    NDArray pictures = Noise.of(1).gaussian(manager, new Shape(8, 3, 32, 32));
    try (Metric metric = open("features = alex, path = alex.safetensors, neighbours = 7")) {
      assertEquals(5, scores(metric, pictures, pictures).size());
      Metric.Tally tally = metric.begin();
      tally.add(pictures, ASKED);
      NDArray saved = tally.save(manager).orElseThrow().get("features");
      assertEquals(new Shape(8, 256), saved.getShape());
    }
    try (Metric metric = open("features = alex, path = alex.safetensors, neighbours = 8")) {
      assertEquals(List.of("frechet"), List.copyOf(scores(metric, pictures, pictures).keySet()));
    }
  }

  @Test
  void names_the_networks_it_knows() {
    SettingsException unknown =
        assertThrows(SettingsException.class, () -> open("features = dino, path = ."));
    String message = String.valueOf(unknown.getMessage());
    assertTrue(message.contains("clip, alex, vgg, attributes"), message);
    SettingsException tokenizer =
        assertThrows(
            SettingsException.class, () -> open("features = alex, path = a, tokenizer = b"));
    assertTrue(
        String.valueOf(tokenizer.getMessage()).contains("'tokenizer'"), tokenizer.getMessage());
  }
}
