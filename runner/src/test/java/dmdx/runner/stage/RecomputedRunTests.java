package dmdx.runner.stage;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDManager;
import dmdx.nn.weights.SafetensorsFile;
import dmdx.runner.plugin.PluginRegistry;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@Tag("e2e")
class RecomputedRunTests {
  private static final String RECOMPUTE = "memory.recompute-activations=true";
  @TempDir static Path folder;
  private static TinyRun tiny;

  @BeforeAll
  static void laysOutTheTeacher() throws IOException {
    tiny = TinyRun.create(folder);
    tiny.pretrain();
  }

  private static Path student(String run, String stage) throws IOException {
    try (var files = Files.list(tiny.runFolder(run).resolve(stage).resolve("student"))) {
      return files
          .filter(file -> file.toString().endsWith(".safetensors"))
          .findFirst()
          .orElseThrow();
    }
  }

  private static void run(String name, List<String> more) {
    List<String> settings = new ArrayList<>(more);
    settings.addAll(List.of("name=" + name, "stages=[collect,adp,adm]", "adm.iterations=2"));
    tiny.run(tiny.distilling(settings.toArray(String[]::new)));
  }

  @Test
  void gives_the_same_students_to_the_bit() throws IOException {
    run("kept", List.of());
    run("again", List.of(RECOMPUTE));
    for (String stage : List.of("adp", "adm")) {
      assertArrayEquals(
          Files.readAllBytes(student("kept", stage)),
          Files.readAllBytes(student("again", stage)),
          stage);
    }
  }

  @Test
  void gives_the_same_adapters_to_the_bit_in_bfloat16() throws IOException {
    List<String> settings = List.of("precision=bf16", "student.mode=lora", "student.lora.rank=2");
    run("bf16", settings);
    List<String> taped = new ArrayList<>(settings);
    taped.add(RECOMPUTE);
    run("bf16-again", taped);
    for (String stage : List.of("adp", "adm")) {
      assertArrayEquals(
          Files.readAllBytes(student("bf16", stage)),
          Files.readAllBytes(student("bf16-again", stage)),
          stage);
    }
  }

  @Test
  void the_setting_is_off_unless_given() {
    for (boolean given : new boolean[] {false, true}) {
      List<String> overrides = given ? tiny.distilling(RECOMPUTE) : tiny.distilling();
      RunSettings settings =
          RunSettings.from(tiny.config(overrides), folder, PluginRegistry.discover(List.of()));
      assertEquals(given, settings.memory().recomputesActivations());
    }
  }

  /** Here heads see two batches and collect gradients of two micro-batches. */
  @Test
  void gives_the_same_adapters_but_for_rounding_with_micro_batches() throws IOException {
    List<String> settings =
        List.of(
            "student.mode=lora", "student.lora.rank=2", "adp.micro-batch=1", "adm.micro-batch=1");
    run("adapters", settings);
    List<String> taped = new ArrayList<>(settings);
    taped.add(RECOMPUTE);
    run("adapters-again", taped);
    for (String stage : List.of("adp", "adm")) {
      try (NDManager manager = NDManager.newBaseManager();
          SafetensorsFile kept = SafetensorsFile.open(student("adapters", stage));
          SafetensorsFile again = SafetensorsFile.open(student("adapters-again", stage))) {
        assertEquals(kept.entries().keySet(), again.entries().keySet());
        double moved = 0;
        for (String name : kept.entries().keySet()) {
          float[] expected = kept.read(name, manager).toFloatArray();
          float[] actual = again.read(name, manager).toFloatArray();
          assertArrayEquals(expected, actual, 1e-5f, stage + " " + name);
          if (name.contains("lora_B") || name.contains("lora.up")) {
            moved = Math.max(moved, max(expected));
          }
        }
        assertTrue(moved > 1e-4, stage + " moved by " + moved);
      }
    }
  }

  private static double max(float[] values) {
    float[] sizes = values.clone();
    Arrays.sort(sizes);
    return Math.max(-sizes[0], sizes[sizes.length - 1]);
  }
}
