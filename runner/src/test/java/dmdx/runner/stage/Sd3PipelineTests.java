package dmdx.runner.stage;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@Tag("e2e")
class Sd3PipelineTests {
  @TempDir Path folder;

  @Test
  void distils_a_flow_teacher_with_three_text_encoders() throws IOException {
    TinyRun tiny = TinyRun.create(folder);
    Path untrained = TinyTeacher.SD35_LARGE.writeUntrained(folder);
    List<String> sd3 = List.of("teacher.plugin=sd3", "teacher.sd3.max-sequence-length=6");
    tiny.run(with(sd3, "name=pretraining", "stages=[pretrain]", "teacher.path=" + untrained));
    assertTrue(Files.isRegularFile(folder.resolve("trained/text_encoder_3/model.safetensors")));

    tiny.run(with(sd3, "name=whole", "stages=[collect,adp,adm]", "teacher.path=trained"));
    Path run = tiny.runFolder("whole");
    Path weights = Path.of("transformer/diffusion_pytorch_model.safetensors");
    Path export = run.resolve("export");
    assertTrue(Files.isRegularFile(export.resolve(weights)));
    assertTrue(
        Files.mismatch(export.resolve(weights), folder.resolve("trained").resolve(weights)) >= 0);
    var sampling = new ObjectMapper().readTree(export.resolve("dmdx_student.json").toFile());
    assertEquals("flow", sampling.path("schedule").asText());
    assertEquals(1000, sampling.path("timesteps").path(0).asDouble(), 1e-9);
    assertTrue(Files.size(run.resolve("adm/metrics.jsonl")) > 0);
  }

  private static List<String> with(List<String> settings, String... more) {
    List<String> all = new java.util.ArrayList<>(settings);
    all.addAll(List.of(more));
    return all;
  }
}
