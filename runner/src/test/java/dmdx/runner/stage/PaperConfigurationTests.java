package dmdx.runner.stage;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dmdx.api.GuidanceRange;
import dmdx.runner.config.ConfigLoader;
import dmdx.runner.plugin.PluginRegistry;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The configurations of {@code examples/paper} say what the paper says. */
class PaperConfigurationTests {
  private static final Path FOLDER = Path.of("../examples/paper");
  private static final PluginRegistry PLUGINS = PluginRegistry.discover(List.of());

  private static RunSettings read(String name) {
    return RunSettings.from(
        ConfigLoader.load(FOLDER.resolve(name + ".conf"), List.of(), PLUGINS::teacher),
        FOLDER,
        PLUGINS);
  }

  @ParameterizedTest
  @CsvSource({
    // file, stages, steps, LoRA, student rate, guidance low, high, batch, offset
    "sdxl-1-step,                 3, 1, false, 1e-7, 6, 8, 128, -1",
    "sd3-medium-lora-4-steps,     1, 4, true,  1e-6, 6, 8, 128, -1",
    "sd3.5-large-4-steps,         1, 4, false, 1e-8, 3, 4, 128, -1",
    "cogvideox-2b-8-steps,        1, 8, false, 1e-7, 5, 7, 8,   -1",
    "cogvideox-2b-8-steps-cfg,    1, 8, false, 1e-7, 5, 7, 8,   2",
    "cogvideox-5b-8-steps,        1, 8, false, 1e-7, 5, 7, 8,   -1",
    "cogvideox-5b-8-steps-cfg,    1, 8, false, 1e-7, 5, 7, 8,   2",
  })
  void have_the_published_settings(
      String name,
      int stages,
      int steps,
      boolean lora,
      double rate,
      double low,
      double high,
      int batch,
      double offset) {
    RunSettings settings = read(name);
    AdmSettings adm = settings.adm();
    assertNotNull(adm);
    assertEquals(stages, settings.stages().size());
    assertEquals(stages == 3 ? "adp" : "teacher", adm.start());
    assertEquals(steps, settings.student().steps());
    assertEquals(offset, settings.student().guidanceOffset().orElse(-1));
    assertEquals(lora, settings.student().tuning().lora() != null);
    assertEquals(lora, adm.fakeTuning().lora() != null);
    assertEquals(rate, adm.student().learningRate());
    assertEquals(1e-6, adm.fake().learningRate());
    assertEquals(5e-6, adm.discriminator().learningRate());
    assertEquals(List.of(0.0, 0.99), adm.student().betas());
    assertEquals(new GuidanceRange(low, high), adm.guidance());
    assertEquals(8000, adm.training().iterations());
    assertEquals(batch, adm.training().batch());
    assertEquals(4, adm.training().microBatch());
    assertEquals(64, adm.divisions());
    if (stages == 3) {
      AdpSettings adp = settings.adp();
      assertNotNull(adp);
      assertEquals(1e-6, adp.student().learningRate());
      assertEquals(0.85, adp.latentWeight());
      assertEquals(0.15, adp.pixelWeight());
      assertEquals(8000, adp.training().iterations());
    } else {
      assertNull(settings.adp());
    }
  }

  @Test
  void are_short() throws IOException {
    try (var files = Files.list(FOLDER)) {
      for (Path file : files.filter(f -> f.toString().endsWith(".conf")).toList()) {
        long lines =
            Files.readAllLines(file).stream().filter(line -> !line.startsWith("#")).count();
        assertTrue(lines <= 10, file + " has " + lines);
      }
    }
  }
}
