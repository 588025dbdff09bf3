package dmdx.runner.ablation;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dmdx.runner.plugin.PluginRegistry;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The ablations of {@code examples/ablations} can be run. */
class AblationExamplesTests {
  private static final Path FOLDER = Path.of("../examples/ablations");

  private static Ablation open(String name) {
    return new Ablation(
        AblationSettings.read(FOLDER.resolve(name + ".conf"), FOLDER),
        FOLDER,
        PluginRegistry.discover(List.of()),
        new SimpleMeterRegistry());
  }

  @ParameterizedTest
  @CsvSource({"fashion-table-4, 27", "fashion-table-5, 9", "fashion-table-6, 9"})
  void every_row_of_the_fashion_tables_is_sound(String name, int runs) {
    Ablation ablation = open(name);
    assertEquals(runs, ablation.runs().size());
    ablation.check(ablation.runs());
  }

  /** Its teacher is a plugin that is built on its own. */
  @Test
  void every_row_of_the_mixture_is_read() {
    List<Ablation.Run> runs = open("mixture-divergences").runs();
    assertEquals(25, runs.size());
    assertEquals("js-skew", runs.get(3).config().getString("adm.divergence"));
    assertEquals("js-skewed-1", runs.get(3).config().getString("name"));
  }
}
