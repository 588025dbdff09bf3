package dmdx.metrics;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import com.typesafe.config.ConfigFactory;
import dmdx.api.CheckpointException;
import dmdx.api.Metric;
import dmdx.api.MetricProvider;
import dmdx.api.Teacher;
import dmdx.api.settings.Settings;
import dmdx.api.settings.SettingsException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.mockito.Mockito;

class MatchMetricTests {
  private static final List<String> ASKED =
      List.of("a red square", "a red square", "a blue disc", "stars");

  @TempDir Path folder;
  private final NDManager manager = NDManager.newBaseManager();
  private final List<Metric> open = new ArrayList<>();
  private TinyClip clip;

  @BeforeEach
  void writes() throws IOException {
    clip = TinyClip.write(folder, 1, manager);
  }

  @AfterEach
  void closes() {
    open.forEach(Metric::close);
    manager.close();
  }

  private Metric open(MetricProvider provider, String... settings) {
    Metric metric =
        provider.open(
            Mockito.mock(Teacher.class),
            Settings.of(
                ConfigFactory.parseString(String.join("\n", settings))
                    .withFallback(provider.defaults()),
                folder));
    open.add(metric);
    return metric;
  }

  private static Metric.Score score(Metric metric, NDArray pictures, List<String> asked) {
    Metric.Tally tally = metric.begin();
    tally.add(pictures, asked);
    return tally.scores(metric.begin()).get(0);
  }

  @Test
  void clip_score_is_100_times_the_cosine() {
    NDArray pictures = clip.pictures(3, 4);
    double[] cosines = clip.cosines(pictures, ASKED);
    assertTrue(Arrays.stream(cosines).allMatch(c -> c > 0), Arrays.toString(cosines));
    double expected = 100 * Arrays.stream(cosines).average().orElseThrow();
    Metric.Score score = score(open(new ClipScoreProvider(), "path = ."), pictures, ASKED);
    assertEquals("clip-score", score.name());
    assertEquals(expected, score.value(), 1e-3);
    assertTrue(score.low() <= score.value() && score.value() <= score.high(), score.toString());
  }

  @Test
  void clip_score_is_not_below_0() throws IOException {
    NDArray pictures = clip.pictures(3, 4);
    int seed = 1;
    while (Arrays.stream(clip.cosines(pictures, ASKED)).anyMatch(c -> c > 0)) {
      clip = TinyClip.write(folder, ++seed, manager);
    }
    assertEquals(0, score(open(new ClipScoreProvider(), "path = ."), pictures, ASKED).value());
  }

  @Test
  void pick_score_is_the_scaled_cosine() {
    NDArray pictures = clip.pictures(4, 4);
    double expected =
        clip.scale() * Arrays.stream(clip.cosines(pictures, ASKED)).average().orElseThrow();
    Metric.Score score = score(open(new PickScoreProvider(), "path = ."), pictures, ASKED);
    assertEquals(expected, score.value(), 1e-4);
  }

  @Test
  void hps_is_100_times_the_cosine_by_an_open_clip_file() {
    NDArray pictures = clip.pictures(4, 4);
    double expected = 100 * Arrays.stream(clip.cosines(pictures, ASKED)).average().orElseThrow();
    Metric metric =
        open(new HpsProvider(), "path = open.safetensors", "tokenizer = .", "config = config.json");
    assertEquals(expected, score(metric, pictures, ASKED).value(), 1e-3);
  }

  @Test
  void hps_expects_vit_h_unless_told_otherwise() {
    Exception wrong =
        assertThrows(
            CheckpointException.class,
            () -> open(new HpsProvider(), "path = open.safetensors", "tokenizer = ."));
    String message = String.valueOf(wrong.getMessage());
    assertTrue(message.contains("expected [1280, 3, 14, 14]"), message);
    assertTrue(
        message.contains("'visual.transformer.resblocks.31.ln_1.weight' is missing"), message);
  }

  @Test
  void batches_make_no_difference() {
    NDArray pictures = clip.pictures(5, 4);
    Metric metric = open(new PickScoreProvider(), "path = .");
    Metric.Tally parts = metric.begin();
    parts.add(pictures.get("0:1"), ASKED.subList(0, 1));
    parts.add(pictures.get("1:4"), ASKED.subList(1, 4));
    Metric.Score whole = score(metric, pictures, ASKED);
    Metric.Score joined = parts.scores(metric.begin()).get(0);
    assertEquals(whole.value(), joined.value(), 1e-5);
    assertEquals(whole.low(), joined.low(), 1e-5);
  }

  @Test
  void a_restored_tally_scores_the_same_to_the_last_bit() {
    Metric metric = open(new ClipScoreProvider(), "path = .");
    Metric.Tally seen = metric.begin();
    seen.add(clip.pictures(5, 4), ASKED);
    Metric.Tally restored = metric.begin();
    restored.restore(seen.save(manager).orElseThrow(), ASKED);
    assertEquals(seen.scores(seen), restored.scores(seen));
  }

  @Test
  void says_what_is_missing() throws IOException {
    SettingsException settings =
        assertThrows(SettingsException.class, () -> open(new ClipScoreProvider(), "pth = ."));
    String message = String.valueOf(settings.getMessage());
    assertTrue(message.contains("'path' is missing"), message);
    assertTrue(message.contains("Did you mean 'path'"), message);
    Path empty = Files.createDirectory(folder.resolve("empty"));
    CheckpointException tokens =
        assertThrows(
            CheckpointException.class,
            () -> open(new PickScoreProvider(), "path = .", "tokenizer = empty"));
    assertTrue(String.valueOf(tokens.getMessage()).contains(empty.toString()), tokens.getMessage());
  }

  @Test
  void a_tokenizer_of_another_checkpoint_is_refused() throws IOException {
    Path config = folder.resolve("config.json");
    Files.writeString(config, Files.readString(config).replace("600", "300"));
    CheckpointException other =
        assertThrows(CheckpointException.class, () -> open(new ClipScoreProvider(), "path = ."));
    assertTrue(
        String.valueOf(other.getMessage()).contains("the text encoder has vocab_size 300"),
        other.getMessage());
  }
}
