package dmdx.runner.stage;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dmdx.api.settings.SettingsException;
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
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Tag("e2e")
class PrecisionTests {
  private static final ObjectMapper JSON = new ObjectMapper();
  @TempDir static Path folder;
  private static TinyRun tiny;

  @BeforeAll
  static void pretrainsTheTeacher() throws IOException {
    tiny = TinyRun.create(folder);
    tiny.pretrain();
    tiny.run(settings("pairs", "full", "fp32", "stages=[collect]"));
  }

  private static List<String> settings(String name, String mode, String precision, String... more) {
    List<String> all =
        new ArrayList<>(
            tiny.distilling(
                "name=" + name,
                "precision=" + precision,
                "student.mode=" + mode,
                "student.lora.rank=2",
                "stages=[collect,adp,adm]"));
    all.addAll(List.of(more));
    return all;
  }

  private static byte[] student(String run, String stage, String mode) throws IOException {
    String file =
        mode.equals("lora")
            ? "pytorch_lora_weights.safetensors"
            : "diffusion_pytorch_model.safetensors";
    return Files.readAllBytes(tiny.runFolder(run).resolve(stage).resolve("student").resolve(file));
  }

  private static JsonNode metrics(String run, String stage, int line) throws IOException {
    Path file = tiny.runFolder(run).resolve(stage).resolve("metrics.jsonl");
    return JSON.readTree(Files.readAllLines(file).get(line));
  }

  @ParameterizedTest
  @ValueSource(strings = {"full", "lora"})
  void a_bf16_run_follows_the_float32_one_and_resumes_bit_for_bit(String mode) throws IOException {
    tiny.run(settings("exact-" + mode, mode, "fp32"));
    tiny.run(settings("rounded-" + mode, mode, "bf16"));
    for (String stage : List.of("adp", "adm")) {
      JsonNode exact = metrics("exact-" + mode, stage, 0);
      JsonNode rounded = metrics("rounded-" + mode, stage, 0);
      int compared = 0;
      for (var field : exact.properties()) {
        if (field.getKey().startsWith("loss/")) {
          double expected = field.getValue().asDouble();
          assertEquals(
              expected,
              rounded.path(field.getKey()).asDouble(),
              0.02 + 0.05 * Math.abs(expected),
              stage + " " + field.getKey());
          compared++;
        }
      }
      assertTrue(compared > 0, exact.toString());
      assertFalse(
          Arrays.equals(
              student("exact-" + mode, stage, mode), student("rounded-" + mode, stage, mode)),
          "the precision has no effect");
    }

    byte[] straight = student("rounded-" + mode, "adm", mode);
    Path halted = tiny.runFolder("rounded-" + mode);
    for (String stage : List.of("adp", "adm")) {
      TestFolders.delete(halted.resolve(stage).resolve("student"));
      TestFolders.delete(halted.resolve(stage).resolve("checkpoints/00000004"));
    }
    TestFolders.delete(halted.resolve("export"));
    tiny.run(settings("rounded-" + mode, mode, "bf16"));
    assertArrayEquals(straight, student("rounded-" + mode, "adm", mode));
  }

  @Test
  void a_teacher_is_pretrained_in_bf16() {
    tiny.run(
        List.of(
            "stages=[pretrain]",
            "name=pretraining-bf16",
            "precision=bf16",
            "pretrain.output=trained-bf16"));
    assertTrue(Files.isRegularFile(folder.resolve("trained-bf16/model_index.json")));
  }

  @Test
  void fp16_samples_and_does_not_train() {
    tiny.run(settings("half", "full", "fp16", "stages=[sample]"));
    assertTrue(Files.isRegularFile(tiny.runFolder("half").resolve("comparison.png")));
    SettingsException refused =
        assertThrows(SettingsException.class, () -> tiny.run(settings("half", "full", "fp16")));
    assertTrue(
        refused.getMessage().contains("'precision' is fp16")
            && refused.getMessage().contains("adp, adm train"),
        refused.getMessage());
  }
}
