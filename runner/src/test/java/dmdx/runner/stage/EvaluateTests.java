package dmdx.runner.stage;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.google.common.collect.ImmutableList;
import com.typesafe.config.Config;
import dmdx.api.CheckpointException;
import dmdx.api.Metric;
import dmdx.api.settings.SettingsException;
import dmdx.runner.config.ConfigLoader;
import dmdx.runner.plugin.PluginJar;
import dmdx.runner.plugin.PluginRegistry;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@Tag("e2e")
class EvaluateTests {
  @TempDir static Path folder;
  private static TinyRun tiny;
  private static PluginRegistry plugins;

  @BeforeAll
  static void pretrainsTheTeacher() throws IOException {
    tiny = TinyRun.create(folder);
    tiny.pretrain();
    Path jars = Files.createDirectory(folder.resolve("plugins"));
    brightness().write(jars.resolve("brightness.jar"));
    plugins = PluginRegistry.discover(List.of(jars));
    assertEquals(List.of(), plugins.problems());
  }

  /** A metric of its own jar: how many samples it saw, and how much brighter than the reference. */
  private static PluginJar brightness() {
    return new PluginJar(folder)
        .source(
            "module-info.java",
            """
            module acme.brightness {
              requires dmdx.api;
              requires ai.djl.api;
              provides dmdx.api.MetricProvider with acme.brightness.Brightness;
            }
            """)
        .source(
            "acme/brightness/Brightness.java",
            """
            package acme.brightness;
            import ai.djl.ndarray.NDArray;
            import dmdx.api.Metric;
            import java.util.List;
            public final class Brightness implements dmdx.api.MetricProvider {
              public String name() { return "brightness"; }
              public String description() { return "a metric from a jar"; }
              public Metric open(dmdx.api.Teacher teacher, dmdx.api.settings.Settings settings) {
                double scale = settings.number("scale", 0, 1e9);
                settings.finish();
                return () -> new Sum(scale);
              }
              private static final class Sum implements Metric.Tally {
                private final double scale;
                private double sum;
                private int samples;
                Sum(double scale) { this.scale = scale; }
                public void add(NDArray decoded, List<String> prompts) {
                  sum += scale * decoded.mean().getFloat() * prompts.size();
                  samples += prompts.size();
                }
                public List<Metric.Score> scores(Metric.Tally reference) {
                  Sum other = (Sum) reference;
                  return List.of(
                      new Metric.Score("samples", samples, Metric.Format.COUNT),
                      new Metric.Score(
                          "excess",
                          sum / samples - other.sum / other.samples,
                          Metric.Format.NUMBER));
                }
              }
            }
            """);
  }

  private static List<String> evaluating(String name, String... more) {
    return ImmutableList.<String>builder()
        .addAll(tiny.distilling("stages=[evaluate]", "name=" + name, "evaluate.batch=5"))
        .add(more)
        .build();
  }

  private static JsonNode scores(String name) throws IOException {
    return new ObjectMapper().readTree(tiny.runFolder(name).resolve("evaluation.json").toFile());
  }

  @Test
  void several_metrics_score_the_same_samples() throws IOException {
    List<String> both =
        evaluating(
            "both", "evaluate.metrics=[attributes,brightness]", "evaluate.brightness.scale=2");
    try (Pipeline pipeline = tiny.pipeline(both, plugins)) {
      assertTrue(
          pipeline.outline().get(0).notes().get(0).endsWith("scored by attributes, brightness"));
      pipeline.run();
    }
    JsonNode rows = scores("both");
    assertEquals(2, rows.size(), "the teacher, and the student before its stages");
    for (JsonNode row : rows) {
      assertEquals(24, row.path("brightness").path("samples").asInt());
      assertNotEquals(0, row.path("brightness").path("excess").asDouble(), "other noise");
      double colour = row.path("attributes").path("colour").asDouble(-1);
      assertTrue(colour >= 0 && colour <= 1, row.toString());
    }
    tiny.run(evaluating("alone"));
    for (int i = 0; i < rows.size(); i++) {
      assertEquals(scores("alone").get(i).path("attributes"), rows.get(i).path("attributes"));
    }
  }

  private static void replace(Path file, String pattern, String by) throws IOException {
    String before = Files.readString(file);
    String after = before.replaceFirst(pattern, by);
    assertNotEquals(before, after, before);
    Files.writeString(file, after);
  }

  @Test
  void what_is_scored_is_not_scored_again_unless_the_settings_change() throws IOException {
    tiny.run(evaluating("again"));
    JsonNode first = scores("again");
    Path finished = tiny.runFolder("again").resolve("evaluate/finished.json");
    // a mark on the teacher's row, and the student's taken for that of other weights
    replace(finished, "\"value\" : [0-9.]+", "\"value\" : 0.123");
    replace(finished, "\"student before\"", "\"another student\"");
    tiny.run(evaluating("again"));
    JsonNode second = scores("again");
    assertEquals(0.123, second.get(0).path("attributes").path("colour").asDouble());
    assertEquals(first.get(1), second.get(1), "by the same reference, read from its file");

    tiny.run(evaluating("again", "evaluate.batch=6"));
    double colour = first.get(0).path("attributes").path("colour").asDouble();
    assertEquals(colour, scores("again").get(0).path("attributes").path("colour").asDouble());
  }

  @Test
  void a_metrics_file_replaced_in_its_place_scores_all_models_again() throws IOException {
    Path classifier = folder.resolve("replaced");
    Files.createDirectory(classifier);
    for (String file : List.of("config.json", "model.safetensors")) {
      Files.copy(folder.resolve("classifier").resolve(file), classifier.resolve(file));
    }
    List<String> settings = evaluating("replaced", "evaluate.attributes.classifier=replaced");
    tiny.run(settings);
    JsonNode first = scores("replaced");
    replace(
        tiny.runFolder("replaced").resolve("evaluate/finished.json"),
        "\"value\" : [0-9.]+",
        "\"value\" : 0.123");
    Path config = classifier.resolve("config.json");
    Files.writeString(config, Files.readString(config) + " ");
    tiny.run(settings);
    assertEquals(first, scores("replaced"));
  }

  @Test
  void intervals_are_kept_beside_the_scores() throws IOException {
    tiny.run(evaluating("intervals"));
    JsonNode attributes = scores("intervals").get(1).path("attributes");
    for (String name : List.of("colour", "frechet", "diversity")) {
      JsonNode interval = attributes.path("intervals").path(name);
      double value = attributes.path(name).asDouble();
      assertEquals(2, interval.size(), attributes.toString());
      assertTrue(interval.get(0).asDouble() <= value, attributes.toString());
      assertTrue(value <= interval.get(1).asDouble(), attributes.toString());
    }
  }

  @Test
  void a_cell_shows_the_interval() {
    assertEquals(
        "85.8 % [82.1, 88.9]",
        EvaluateStage.shown(new Metric.Score("x", 0.858, 0.821, 0.889, Metric.Format.SHARE)));
    assertEquals(
        "0.489 [0.470, 0.510]",
        EvaluateStage.shown(new Metric.Score("x", 0.489, 0.47, 0.51, Metric.Format.NUMBER)));
    assertEquals("12", EvaluateStage.shown(new Metric.Score("x", 12, Metric.Format.COUNT)));
  }

  @Test
  void vbench_needs_a_teacher_of_videos_and_five_of_every_prompt() {
    SettingsException wrong =
        assertThrows(
            SettingsException.class,
            () ->
                tiny.run(
                    evaluating("vbench", "evaluate.vbench=true", "evaluate.samples-per-prompt=4")));
    assertEquals(2, wrong.problems().size(), wrong.problems().toString());
    assertTrue(wrong.problems().get(0).contains("this teacher draws no videos"));
    assertTrue(wrong.problems().get(1).contains("VBench expects 5 videos of every prompt"));
  }

  @Test
  void an_unknown_metric_is_told_with_its_line_and_the_known_ones() throws IOException {
    Path file = folder.resolve("misspelt.conf");
    Files.writeString(file, "include \"run.conf\"\nevaluate.metrics = [atributes]\n");
    Config config = ConfigLoader.load(file, List.of(), plugins::teacher);
    String message =
        assertThrows(
                SettingsException.class,
                () -> new Pipeline(config, folder, plugins, new SimpleMeterRegistry()))
            .getMessage();
    assertTrue(message.contains("misspelt.conf:2"), message);
    assertTrue(message.contains("'evaluate.metrics' is [\"atributes\"]"), message);
    assertTrue(message.contains("attributes, brightness"), message);
  }

  @Test
  void rejects_a_metric_named_twice() {
    String message =
        assertThrows(
                SettingsException.class,
                () ->
                    tiny.pipeline(evaluating("twice", "evaluate.metrics=[attributes,attributes]")))
            .getMessage();
    assertTrue(message.contains("'evaluate.metrics' names a metric twice"), message);
  }

  @Test
  void a_metric_checks_its_settings_and_files_before_anything_runs() {
    String unset =
        assertThrows(
                SettingsException.class,
                () -> tiny.run(evaluating("unset", "evaluate.attributes=null")))
            .getMessage();
    assertTrue(unset.contains("'evaluate.attributes.classifier' is missing"), unset);
    String missing =
        assertThrows(
                CheckpointException.class,
                () -> tiny.run(evaluating("missing", "evaluate.attributes.classifier=nowhere")))
            .getMessage();
    assertTrue(missing.contains("nowhere"), missing);
    assertTrue(Files.notExists(tiny.runFolder("missing")));
  }
}
