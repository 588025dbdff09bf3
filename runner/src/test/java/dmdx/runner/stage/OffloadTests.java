package dmdx.runner.stage;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dmdx.api.CheckpointException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

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
    tiny.run(settings("memory"));
    Files.createDirectories(folder.resolve("scratch"));
  }

  private static List<String> settings(String name, String... more) {
    List<String> all = new ArrayList<>(tiny.distilling("name=" + name, "stages=[collect,adp,adm]"));
    all.addAll(List.of(more));
    return all;
  }

  private static void assertSameAsInMemory(String run, String stage) throws IOException {
    TrainedStates.of(tiny, "memory", stage).assertSame(TrainedStates.of(tiny, run, stage));
  }

  @ParameterizedTest
  @ValueSource(strings = {"disk", "host"})
  void roles_elsewhere_train_and_resume_bit_for_bit_as_in_memory(String place) throws IOException {
    String[] elsewhere = {
      "adp.student.offload=" + place,
      "adm.student.offload=" + place,
      "adm.fake.offload=" + place,
      "adm.discriminator.offload=" + place,
      "scratch=" + folder.resolve("scratch")
    };
    tiny.run(settings(place, elsewhere));
    for (String stage : List.of("adp", "adm")) {
      assertSameAsInMemory(place, stage);
      Path halted = tiny.runFolder(place).resolve(stage);
      TestFolders.delete(halted.resolve("student"));
      TestFolders.delete(halted.resolve("checkpoints/00000004"));
    }
    TestFolders.delete(tiny.runFolder(place).resolve("export"));
    tiny.run(settings(place, elsewhere));
    assertSameAsInMemory(place, "adm");
    assertArrayEquals(new String[0], folder.resolve("scratch").toFile().list());
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
