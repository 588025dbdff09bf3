package dmdx.runner.stage;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dmdx.api.CheckpointException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@Tag("e2e")
class OffloadTests {
  @TempDir static Path folder;
  private static TinyRun tiny;

  @BeforeAll
  static void pretrainsTheTeacher() throws IOException {
    tiny = TinyRun.create(folder);
    tiny.run(
        List.of(
            "stages=[pretrain]",
            "name=pretraining",
            "optimizer-defaults.offload=disk",
            "pretrain.optimizer.offload=disk"));
  }

  private static List<String> settings(String name, String... more) {
    List<String> all = new ArrayList<>(tiny.distilling("name=" + name, "stages=[collect,adp,adm]"));
    all.addAll(List.of(more));
    return all;
  }

  private static byte[] student(String run, String stage) throws IOException {
    return Files.readAllBytes(
        tiny.runFolder(run).resolve(stage).resolve("student/diffusion_pytorch_model.safetensors"));
  }

  @Test
  void roles_on_disk_train_and_resume_bit_for_bit_as_in_memory() throws IOException {
    String[] disk = {
      "adp.student.offload=disk",
      "adm.student.offload=disk",
      "adm.fake.offload=disk",
      "adm.discriminator.offload=disk",
      "scratch=" + folder.resolve("scratch")
    };
    tiny.run(settings("memory"));
    tiny.run(settings("disk", disk));
    for (String stage : List.of("adp", "adm")) {
      assertArrayEquals(student("memory", stage), student("disk", stage), stage);
      Path halted = tiny.runFolder("disk").resolve(stage);
      TestFolders.delete(halted.resolve("student"));
      TestFolders.delete(halted.resolve("checkpoints/00000004"));
    }
    TestFolders.delete(tiny.runFolder("disk").resolve("export"));
    tiny.run(settings("disk", disk));
    assertArrayEquals(student("memory", "adm"), student("disk", "adm"), "resumed");
    try (Stream<Path> left = Files.list(folder.resolve("scratch"))) {
      assertEquals(0, left.count());
    }
  }

  @Test
  void a_scratch_folder_that_cannot_be_made_is_named() {
    CheckpointException refused =
        assertThrows(
            CheckpointException.class,
            () ->
                tiny.run(
                    settings(
                        "refused",
                        "stages=[adm]",
                        "adm.start=teacher",
                        "adm.student.offload=disk",
                        "scratch=" + folder.resolve("run.conf/scratch"))));
    assertTrue(refused.getMessage().contains("run.conf/scratch: cannot hold"), refused::getMessage);
    assertTrue(refused.getMessage().contains("it is no folder"), refused::getMessage);
  }
}
