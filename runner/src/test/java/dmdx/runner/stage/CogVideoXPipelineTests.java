package dmdx.runner.stage;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.ObjectMapper;
import dmdx.api.settings.SettingsException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@Tag("e2e")
class CogVideoXPipelineTests {
  @TempDir Path folder;
  private TinyRun tiny;

  @BeforeEach
  void writeTeacher() throws IOException {
    tiny = TinyRun.create(folder);
    TinyTeacher.COGVIDEOX_5B.write(folder);
  }

  private Path run(String name, String... more) {
    List<String> all = new ArrayList<>(TinyTeacher.COGVIDEOX_5B.settings("name=" + name));
    all.addAll(List.of(more));
    tiny.run(all);
    return tiny.runFolder(name);
  }

  @Test
  void distils_a_video_teacher_to_two_steps() throws IOException {
    Path run = run("whole", "stages=[collect,adm]", "adm.start=teacher", "student.steps=2");
    Path weights = Path.of("transformer/diffusion_pytorch_model.safetensors");
    Path export = run.resolve("export");
    assertTrue(
        Files.mismatch(
                export.resolve(weights),
                folder.resolve(TinyTeacher.COGVIDEOX_5B.name()).resolve(weights))
            >= 0);
    var sampling = new ObjectMapper().readTree(export.resolve("dmdx_student.json").toFile());
    assertEquals(999, sampling.path("timesteps").path(0).asDouble());
    assertEquals(499, sampling.path("timesteps").path(1).asDouble());
    assertTrue(Files.size(run.resolve("adm/metrics.jsonl")) > 0);
  }

  @Test
  void the_preset_makes_an_eight_step_student() throws IOException {
    Path run = run("preset", "teacher.preset=cogvideox", "stages=[adm]", "adm.micro-batch=2");
    var sampling = new ObjectMapper().readTree(run.resolve("export/dmdx_student.json").toFile());
    assertEquals(8, sampling.path("timesteps").size());
  }

  @Test
  void vbench_finds_five_videos_of_every_prompt() throws IOException {
    Path run =
        run(
            "vbench",
            "stages=[evaluate]",
            "evaluate.metrics=null",
            "evaluate.vbench=true",
            "evaluate.samples-per-prompt=5",
            "evaluate.batch=3",
            "prompts.list=[a red square, a blue square]");
    for (String model : List.of("teacher-2-steps", "student-before")) {
      for (String prompt : List.of("a red square", "a blue square")) {
        for (int index = 0; index < 5; index++) {
          Path video = run.resolve("vbench/%s/%s-%d.mp4".formatted(model, prompt, index));
          assertTrue(Files.size(video) > 0, video.toString());
        }
      }
      try (Stream<Path> files = Files.list(run.resolve("vbench").resolve(model))) {
        assertEquals(10, files.count());
      }
    }
  }

  @Test
  void pairs_are_not_collected_with_fresh_noise() {
    for (String setting : List.of("collect.sampler=dpm", "teacher.cogvideox.sampler=dpm")) {
      String message =
          assertThrows(SettingsException.class, () -> run("noisy", "stages=[collect]", setting))
              .getMessage();
      assertTrue(
          message.contains("'collect.sampler' is dpm")
              && message.contains("Set it to one of: ddim."),
          message);
    }
  }

  @Test
  void pairs_are_solved_under_the_teachers_own_rule_of_guidance() throws IOException {
    byte[] pairs = pairs(run("fixed", "stages=[collect]"));
    byte[] again = pairs(run("again", "stages=[collect]"));
    byte[] dynamic =
        pairs(run("dynamic", "stages=[collect]", "teacher.cogvideox.dynamic-guidance=true"));
    assertEquals(-1, java.util.Arrays.mismatch(pairs, again));
    assertTrue(java.util.Arrays.mismatch(pairs, dynamic) >= 0);
  }

  /** The first shard of a run's pairs. */
  private static byte[] pairs(Path run) throws IOException {
    try (Stream<Path> files = Files.walk(run)) {
      Path shard =
          files
              .filter(file -> file.toString().endsWith(".safetensors"))
              .sorted()
              .findFirst()
              .orElseThrow();
      return Files.readAllBytes(shard);
    }
  }
}
