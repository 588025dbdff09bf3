package dmdx.runner.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dmdx.runner.config.ConfigLoader;
import dmdx.runner.plugin.PluginRegistry;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@Tag("e2e")
class BenchCommandTests {
  private static final List<String> WORK =
      List.of(
          "forward",
          "forward + backward",
          "forward + backward, recomputed",
          "update of fake",
          "update of student",
          "update of discriminator",
          "iteration with every update");

  @Test
  void shows_what_it_writes_and_leaves_no_other_file(@TempDir Path folder) throws IOException {
    TinyCommand tiny = TinyCommand.create(folder);
    Path file = folder.resolve("bench.json");
    Path scratch = Files.createDirectories(folder.resolve("scratch"));
    List<String> settings = tiny.adm("measured", "adm.fake.offload=disk", "scratch=" + scratch);
    String shown = tiny.run("bench", settings, "--json", file.toString());

    JsonNode json = new ObjectMapper().readTree(file.toFile());
    List<String> peaks = new ArrayList<>();
    for (JsonNode peak : json.path("peaks")) {
      peaks.add(peak.path("kind").asText() + " " + peak.path("type").asText());
      assertTrue(peak.path("flops_per_second").asDouble() > 0, peak::toString);
    }
    assertEquals(
        List.of("matmul float32", "conv float32", "matmul bfloat16", "conv bfloat16"), peaks);
    List<String> work = new ArrayList<>();
    for (JsonNode one : json.path("work")) {
      work.add(one.path("name").asText());
      assertConsistent(one);
      assertEquals(figures(one), row(shown, one.path("name").asText()));
    }
    assertEquals(WORK, work);
    assertTrue(Files.notExists(folder.resolve("runs/measured")));
    assertEquals(0, scratch.toFile().list().length);
  }

  private static void assertConsistent(JsonNode work) {
    assertTrue(work.path("seconds").asDouble() > 0, work::toString);
    assertTrue(work.path("flops").asLong() > 0, work::toString);
    assertTrue(work.path("peak_memory_bytes").asLong() != 0, work::toString);
    double kernels = work.path("kernel_seconds").asDouble();
    assertTrue(kernels > 0, work::toString);
    double sum =
        StreamSupport.stream(work.path("kernels").spliterator(), false)
            .mapToDouble(JsonNode::asDouble)
            .sum();
    assertEquals(sum, kernels, 1e-9 * sum, work::toString);
  }

  /** Milliseconds, GFLOP and GFLOP/s as the table has them. */
  private static List<String> figures(JsonNode work) {
    double seconds = work.path("seconds").asDouble();
    double giga = work.path("flops").asLong() / 1e9;
    List<String> figures = new ArrayList<>();
    for (double figure : new double[] {1e3 * seconds, giga, giga / seconds}) {
      figures.add(String.format(Locale.ROOT, "%.1f", figure));
    }
    return figures;
  }

  private static List<String> row(String table, String name) {
    return table
        .lines()
        .map(TinyCommand::cells)
        .filter(cells -> cells.get(0).equals(name))
        .findFirst()
        .orElseThrow()
        .subList(1, 4);
  }

  @Test
  void the_built_in_configuration_is_gone_when_closed() throws IOException {
    Path folder;
    try (BuiltInBench bench = BuiltInBench.unpack()) {
      folder = bench.folder();
      PluginRegistry plugins = PluginRegistry.discover(List.of());
      var config = ConfigLoader.load(bench.file(), List.of(), plugins::teacher);
      assertTrue(Files.isDirectory(folder.resolve(config.getString("teacher.path"))));
    }
    assertTrue(Files.notExists(folder));
  }
}
