package dmdx.runner.stage;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dmdx.api.settings.SettingsException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Whole runs on a GPU without elements, where an operation on arrays of several devices fails as it
 * would on a real one.
 */
class PretendedGpuTests {
  @TempDir static Path folder;
  private static TinyRun tiny;

  @BeforeAll
  static void lay_out() throws IOException {
    tiny = TinyRun.create(folder);
    tiny.pretrain();
    for (TinyTeacher teacher : TinyTeacher.values()) {
      teacher.write(folder);
    }
  }

  private static List<StageMemory> memory(List<String> settings, String... more) {
    List<String> all = new ArrayList<>(settings);
    all.add("device=\"cuda:0\"");
    all.addAll(List.of(more));
    return tiny.memory(all);
  }

  private static StageMemory stage(String name, String... more) {
    return TinyRun.stage(name, memory(tiny.distilling(), more));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "student.mode=full",
        "student.mode=lora",
        "precision=bf16",
        "memory.recompute-activations=true",
        "memory.offload-frozen=true",
        "optimizer-defaults.offload=host",
        "optimizer-defaults.offload=disk",
      })
  void every_stage_keeps_to_its_device(String setting) {
    List<StageMemory> stages = memory(tiny.distilling("adm.fake.lora.rank=64"), setting);
    assertEquals(5, stages.size());
    stages.forEach(stage -> assertTrue(stage.host() > 0, stage.toString()));
  }

  @Test
  void pretraining_keeps_to_its_device() {
    assertEquals(1, memory(List.of("stages=[pretrain]", "name=pretraining")).size());
  }

  @ParameterizedTest
  @EnumSource(TinyTeacher.class)
  void every_teacher_keeps_to_its_device(TinyTeacher teacher) {
    List<String> adm = teacher.adm(teacher.name());
    assertEquals(1, memory(adm).size());
    String[] streamed = {
      "student.mode=lora",
      "precision=bf16",
      "memory.offload-frozen=true",
      "memory.recompute-activations=true"
    };
    assertEquals(1, memory(adm, streamed).size());
  }

  @Test
  void what_is_offloaded_moves_from_the_gpu_to_the_host() {
    StageMemory plain = stage("adm");
    StageMemory moved =
        stage(
            "adm",
            "adm.student.offload=host",
            "adm.fake.offload=host",
            "adm.discriminator.offload=host");
    assertEquals(0, moved.trained() + moved.optimizer() + moved.gradients());
    assertEquals(plain.frozen(), moved.frozen());
    long states = plain.trained() + plain.optimizer();
    assertTrue(moved.host() >= plain.host() + states, moved + " after " + plain);

    StageMemory streamed = stage("adm", "memory.offload-frozen=true");
    assertTrue(streamed.frozen() < plain.frozen() / 2, streamed + " after " + plain);
    assertTrue(streamed.host() > plain.host(), streamed + " after " + plain);
  }

  @Test
  void a_run_on_a_gpu_that_is_not_there_is_refused_before_it_writes() {
    SettingsException refused =
        assertThrows(
            SettingsException.class, () -> tiny.run(tiny.distilling("device=\"cuda:99\"")));
    assertTrue(
        refused.getMessage().contains("device cuda:99: libtorch cannot use it"),
        refused::getMessage);
    assertTrue(refused.getMessage().contains("device = cpu"));
    assertTrue(Files.notExists(tiny.runFolder("distilling")));
  }

  @Test
  void a_name_of_no_device_is_an_error() {
    SettingsException refused =
        assertThrows(SettingsException.class, () -> tiny.run(tiny.distilling("device=gpu")));
    assertTrue(
        refused.getMessage().contains("'gpu' is no device. Give cpu, or cuda:0"),
        refused::getMessage);
  }
}
