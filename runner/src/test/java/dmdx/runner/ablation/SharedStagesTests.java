package dmdx.runner.ablation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import dmdx.api.CheckpointException;
import dmdx.runner.checkpoint.Folders;
import dmdx.runner.stage.Fingerprints;
import dmdx.runner.stage.Timings;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SharedStagesTests {
  private static final String STUDENT = "adp/student/weights.safetensors";
  @TempDir Path folder;

  private Path run(String name) throws IOException {
    return Files.createDirectories(folder.resolve(name));
  }

  private SharedStages shared(Path run, String config, String program) {
    Config resolved = ConfigFactory.parseString(config);
    List<Path> others = List.of(folder.resolve("donor"), folder.resolve("taker"));
    return new SharedStages(run, resolved, others, new Fingerprints(), program);
  }

  /** A run that has finished ADP, or was stopped in it. */
  private void donor(String config, String program, boolean finished) throws IOException {
    Path run = run("donor");
    SharedStages stages = shared(run, config, program);
    stages.begins("adp");
    Files.createDirectories(run.resolve("adp/student"));
    Files.createDirectories(run.resolve("adp/checkpoints"));
    Files.writeString(run.resolve(STUDENT), "weights");
    Files.writeString(run.resolve("adp/metrics.jsonl"), "{}");
    Files.writeString(run.resolve("adp/checkpoints/big"), "state");
    if (finished) {
      Timings.in(run).add("adp", 12.5, true);
      stages.ended("adp");
    }
  }

  private boolean takes(String config, String program) throws IOException {
    Path run = run("taker");
    shared(run, config, program).begins("adp");
    return Files.exists(run.resolve(STUDENT));
  }

  @Test
  void gives_a_finished_result_to_a_run_of_the_same_fingerprint() throws IOException {
    donor("seed = 1, adm.ttur = 1", "p", true);
    assertTrue(takes("seed = 1, adm.ttur = 4", "p"));
    Path taker = folder.resolve("taker");
    assertEquals(
        Files.getAttribute(folder.resolve("donor").resolve(STUDENT), "unix:ino"),
        Files.getAttribute(taker.resolve(STUDENT), "unix:ino"),
        "tensors are linked");
    Files.writeString(taker.resolve("adp/metrics.jsonl"), "changed");
    assertEquals("{}", Files.readString(folder.resolve("donor/adp/metrics.jsonl")), "a copy");
    assertFalse(Files.exists(taker.resolve("adp/checkpoints")));
    assertEquals(Map.of("adp", 12.5), Timings.in(taker).finished());
  }

  @Test
  void gives_nothing_that_is_unfinished() throws IOException {
    donor("seed = 1", "p", false);
    assertFalse(takes("seed = 1", "p"));
  }

  @Test
  void gives_nothing_to_another_seed_or_setting() throws IOException {
    donor("seed = 1, adp.batch = 2", "p", true);
    assertFalse(takes("seed = 2, adp.batch = 2", "p"));
    Folders.delete(folder.resolve("taker"));
    assertFalse(takes("seed = 1, adp.batch = 4", "p"));
  }

  @Test
  void gives_nothing_to_another_version_of_the_program() throws IOException {
    donor("seed = 1", "p", true);
    assertFalse(takes("seed = 1", "q"));
  }

  @Test
  void gives_nothing_that_two_versions_of_the_program_made() throws IOException {
    donor("seed = 1", "p", false);
    SharedStages resumed = shared(folder.resolve("donor"), "seed = 1", "q");
    resumed.begins("adp");
    resumed.ended("adp");
    assertFalse(takes("seed = 1", "q"));
    Folders.delete(folder.resolve("taker"));
    assertFalse(takes("seed = 1", "p"));
  }

  @Test
  void gives_nothing_that_rests_on_pairs_of_unknown_origin() throws IOException {
    Files.createDirectories(run("donor").resolve("collect"));
    donor("seed = 1", "p", true);
    assertFalse(takes("seed = 1", "p"));
  }

  @Test
  void gives_nothing_that_was_there_before() throws IOException {
    Files.createDirectories(run("donor").resolve("adp"));
    donor("seed = 1", "p", true);
    assertFalse(takes("seed = 1", "p"));
  }

  @Test
  void refuses_to_go_on_from_other_settings() throws IOException {
    donor("seed = 1, adp.batch = 2", "p", false);
    SharedStages changed = shared(folder.resolve("donor"), "seed = 1, adp.batch = 4", "p");
    String message =
        assertThrows(CheckpointException.class, () -> changed.begins("adp")).getMessage();
    assertTrue(message.contains("changed since: adp.batch. Change"), message);
  }

  @Test
  void an_interrupted_link_leaves_nothing_half() throws IOException {
    donor("seed = 1", "p", true);
    Path aside = run("taker").resolve(".adp.tmp/student");
    Files.createDirectories(aside);
    Files.writeString(aside.resolve("weights.safetensors"), "half");
    assertTrue(takes("seed = 1", "p"));
    assertEquals("weights", Files.readString(folder.resolve("taker").resolve(STUDENT)));
  }
}
