package dmdx.runner.stage;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dmdx.runner.config.ConfigLoader;
import dmdx.runner.plugin.PluginJar;
import dmdx.runner.plugin.PluginRegistry;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The plugin of {@code examples/plugin-mixture}, built from its sources as its author would. */
@Tag("e2e")
class MixtureTests {
  private static final Path SOURCES = Path.of("../examples/plugin-mixture/src/main");
  @TempDir static Path folder;
  private static Path plugins;

  @BeforeAll
  static void buildsThePlugin() throws IOException {
    PluginJar jar = new PluginJar(Files.createDirectories(folder.resolve("build")));
    try (var files = Files.walk(SOURCES)) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        Path inside = SOURCES.relativize(file);
        String path = inside.subpath(1, inside.getNameCount()).toString();
        if (inside.startsWith("java")) {
          jar.source(path, Files.readString(file));
        } else {
          jar.file(path, Files.readString(file));
        }
      }
    }
    plugins = Files.createDirectories(folder.resolve("plugins"));
    jar.write(plugins.resolve("mixture.jar"));
  }

  private static Path run(String name, String... more) {
    PluginRegistry registry = PluginRegistry.discover(List.of(plugins));
    assertEquals(List.of(), registry.problems());
    List<String> overrides =
        new ArrayList<>(
            List.of(
                "name=" + name,
                "runs=" + folder.resolve("runs"),
                "teacher.mixture.fit-steps=100",
                "teacher.mixture.width=64",
                "collect.pairs=512",
                "collect.steps=8",
                "adp.iterations=8",
                "adm.iterations=8",
                "adm.fake-warmup=2",
                "evaluate.steps=16",
                "evaluate.samples-per-prompt=500"));
    overrides.addAll(List.of(more));
    Path file = Path.of("../examples/mixture.conf");
    try (Pipeline pipeline =
        new Pipeline(
            ConfigLoader.load(file, overrides, registry::teacher),
            folder,
            registry,
            new SimpleMeterRegistry())) {
      pipeline.run();
    }
    return folder.resolve("runs").resolve(name);
  }

  private static JsonNode scores(Path run, int model) throws IOException {
    return new ObjectMapper()
        .readTree(run.resolve("evaluation.json").toFile())
        .path(model)
        .path("plane");
  }

  @Test
  void its_sources_are_short() throws IOException {
    int lines = 0;
    try (var files = Files.walk(SOURCES)) {
      for (Path file : files.filter(f -> f.toString().endsWith(".java")).toList()) {
        lines += Files.readAllLines(file).size();
      }
    }
    assertTrue(lines <= 150, lines + " lines");
  }

  @ParameterizedTest
  @ValueSource(strings = {"adm", "dmd", "fisher", "js-skew", "softplus-gan"})
  void distils_with_every_divergence(String divergence) throws IOException {
    Path run = run(divergence, "adm.divergence=" + divergence);
    assertTrue(Files.exists(run.resolve("comparison.png")));
    assertEquals(4, new ObjectMapper().readTree(run.resolve("evaluation.json").toFile()).size());
    assertTrue(scores(run, 3).path("TV").asDouble() <= 1);
  }

  @Test
  void its_teacher_finds_all_modes_and_training_moves_the_student_towards_them()
      throws IOException {
    Path run =
        run(
            "longer",
            "stages=[collect,adp,evaluate]",
            "collect.pairs=2048",
            "collect.steps=16",
            "adp.iterations=300",
            "evaluate.samples-per-prompt=4000");
    assertEquals(25, scores(run, 0).path("modes").asInt());
    assertTrue(scores(run, 0).path("TV").asDouble() < 0.3, scores(run, 0).toString());
    double before = scores(run, 1).path("TV").asDouble();
    double after = scores(run, 2).path("TV").asDouble();
    assertTrue(after < before - 0.1, before + " " + after);
  }

  @Test
  void an_exported_student_is_opened_again() throws IOException {
    Path run = run("exported", "stages=[adm]", "adm.start=teacher");
    Path again = run("again", "stages=[evaluate]", "teacher.path=" + run.resolve("export"));
    assertEquals(2, new ObjectMapper().readTree(again.resolve("evaluation.json").toFile()).size());
  }
}
