package dmdx.runner.stage;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RehearsalTests {
  @TempDir static Path folder;
  private static TinyRun tiny;

  @BeforeAll
  static void lay_out() throws IOException {
    tiny = TinyRun.create(folder);
    tiny.pretrain();
  }

  private static List<StageMemory> memory(String... overrides) {
    return tiny.memory(tiny.distilling(overrides));
  }

  private static StageMemory stage(String name, String... overrides) {
    return TinyRun.stage(name, memory(overrides));
  }

  @Test
  void every_stage_is_rehearsed_and_nothing_is_written() {
    List<String> stages = new ArrayList<>();
    for (StageMemory stage : memory("name=rehearsed")) {
      stages.add(stage.stage());
      assertTrue(stage.frozen() > 0, stage.toString());
      assertTrue(stage.activations() > 0, stage.toString());
    }
    assertEquals(List.of("collect", "adp", "adm", "sample", "evaluate"), stages);
    assertFalse(Files.exists(tiny.runFolder("rehearsed")));
  }

  @Test
  void activations_grow_with_the_micro_batch() {
    long small = stage("adm", "adm.batch=64", "adm.micro-batch=8").activations();
    long large = stage("adm", "adm.batch=64", "adm.micro-batch=64").activations();
    assertTrue(large > 3 * small, small + " " + large);
  }

  @Test
  void activations_grow_with_the_size() {
    long small = stage("adm", "adm.batch=32", "adm.micro-batch=32").activations();
    long large =
        stage("adm", "adm.batch=32", "adm.micro-batch=32", "teacher.size=[32,32]").activations();
    assertTrue(large > 2 * small, small + " " + large);
  }

  @Test
  void encoding_the_images_of_pretraining_takes_memory() {
    List<Long> activations = new ArrayList<>();
    for (String batch : List.of("teacher.sample-batch=1", "teacher.sample-batch=6")) {
      List<StageMemory> stages =
          tiny.memory(
              List.of(
                  "name=encoding",
                  "stages=[pretrain]",
                  "teacher.size=[128,128]",
                  "pretrain.batch=1",
                  batch));
      activations.add(stages.get(0).activations());
    }
    assertTrue(activations.get(1) > 2 * activations.get(0), activations::toString);
  }

  @Test
  void recomputing_and_lower_precision_save_memory() {
    long plain = stage("adm", "adm.batch=64", "adm.micro-batch=8").activations();
    assertTrue(
        stage("adm", "adm.batch=8", "memory.recompute-activations=true").activations() < plain);
    assertTrue(stage("adm", "adm.batch=8", "precision=bf16").activations() < plain);
  }

  @Test
  void adapters_have_small_states_and_share_the_base() {
    StageMemory full = stage("adm", "adm.start=teacher");
    StageMemory lora =
        stage(
            "adm",
            "adm.start=teacher",
            "student.mode=lora",
            "student.lora.rank=1",
            "adm.fake.mode=lora",
            "adm.fake.lora.rank=1");
    assertTrue(lora.trained() < full.trained() / 2);
    assertTrue(lora.optimizer() < full.optimizer() / 2);
    assertEquals(full.frozen(), lora.frozen());
  }

  @Test
  void what_lies_on_disk_takes_no_memory_and_changes_nothing_else() {
    StageMemory memory = stage("adm");
    StageMemory disk =
        stage(
            "adm",
            "adm.student.offload=disk",
            "adm.fake.offload=disk",
            "adm.discriminator.offload=disk");
    assertEquals(0, disk.trained() + disk.optimizer() + disk.gradients());
    assertEquals(memory.frozen(), disk.frozen());
    assertEquals(memory.activations(), disk.activations(), 0.02 * memory.activations());
  }

  @Test
  void a_student_is_copied_without_keeping_a_second_base_in_float32() {
    String[] lowered = {"precision=bf16", "adm.start=teacher", "stages=[adm]"};
    long frozen = stage("adm").frozen();
    long half = stage("adm", lowered).frozen();
    assertTrue(half < 0.6 * frozen, half + " of " + frozen);
  }
}
