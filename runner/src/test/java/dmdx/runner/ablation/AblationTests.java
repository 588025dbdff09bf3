package dmdx.runner.ablation;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dmdx.api.CheckpointException;
import dmdx.api.settings.SettingsException;
import dmdx.runner.checkpoint.Folders;
import dmdx.runner.plugin.PluginRegistry;
import dmdx.runner.stage.TinyRun;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@Tag("e2e")
class AblationTests {
  private static final PluginRegistry PLUGINS = PluginRegistry.discover(List.of());
  private static final String WEIGHTS = "student/diffusion_pytorch_model.safetensors";
  @TempDir static Path folder;

  @BeforeAll
  static void pretrainsTheTeacher() throws IOException {
    TinyRun.create(folder).pretrain();
    Files.writeString(
        folder.resolve("base.conf"),
        """
        include "run.conf"
        teacher.path = trained
        stages = [collect, adp, adm, evaluate]
        training-defaults.sample-every = 0
        """);
  }

  private static Ablation ablation(String name, String... lines) throws IOException {
    Path file = folder.resolve(name + ".conf");
    Files.writeString(
        file,
        "name = %s, base = base.conf, runs = runs%n".formatted(name) + String.join("\n", lines));
    AblationSettings settings = AblationSettings.read(file, folder);
    return new Ablation(settings, folder, PLUGINS, new SimpleMeterRegistry());
  }

  private static Object inode(Path file) throws IOException {
    return Files.getAttribute(file, "unix:ino");
  }

  @Test
  @SuppressWarnings("try") // the locks are only held
  void rows_and_seeds_share_what_is_the_same_and_nothing_else() throws IOException {
    String[] lines = {
      "seeds = [1, 2]",
      "rows {",
      "  \"B4 DMDX\" { }",
      "  \"B3 DMD\" { adm.divergence = dmd }",
      "}",
      "report.metrics = [attributes.colour, time.adm]",
      "report.teacher = true",
    };
    assertEquals(
        List.of("b4-dmdx-1", "b3-dmd-1", "b4-dmdx-2", "b3-dmd-2"),
        ablation("whole", lines).runs().stream()
            .map(run -> run.folder().getFileName().toString())
            .toList());
    Path runs = folder.resolve("runs/whole");
    assertFalse(ablation("whole", lines).run(List.of(2)).hasFailures());
    assertTrue(Files.readString(runs.resolve("table.md")).contains("| B4 DMDX | 1 of 2 |"));
    try (SeedLocks locks = new SeedLocks(runs, List.of(2))) {
      Ablation busy = ablation("whole", lines);
      assertTrue(
          assertThrows(CheckpointException.class, busy::run).getMessage().contains("seed 2"));
    }
    AblationReport report = ablation("whole", lines).run();
    assertFalse(report.hasFailures(), report::toString);
    for (int seed = 1; seed <= 2; seed++) {
      Path first = runs.resolve("b4-dmdx-" + seed);
      Path second = runs.resolve("b3-dmd-" + seed);
      for (String shared : List.of("collect/pairs-00000.safetensors", "adp/" + WEIGHTS)) {
        assertEquals(inode(first.resolve(shared)), inode(second.resolve(shared)), shared);
      }
      assertFalse(
          Arrays.equals(
              Files.readAllBytes(first.resolve("adm/" + WEIGHTS)),
              Files.readAllBytes(second.resolve("adm/" + WEIGHTS))));
    }
    Path adp = Path.of("adp/" + WEIGHTS);
    assertNotEquals(
        inode(runs.resolve("b4-dmdx-1").resolve(adp)),
        inode(runs.resolve("b4-dmdx-2").resolve(adp)));
    String table = Files.readString(runs.resolve("table.md"));
    assertTrue(table.contains("| B4 DMDX |") && table.contains("| teacher |"), table);

    resumes_only_what_is_missing(runs, ablation("whole", lines));
  }

  private static void resumes_only_what_is_missing(Path runs, Ablation again) throws IOException {
    Path kept = runs.resolve("b4-dmdx-1/evaluation.json");
    Path lost = runs.resolve("b3-dmd-2");
    byte[] student = Files.readAllBytes(lost.resolve("adm/" + WEIGHTS));
    Object before = inode(kept);
    Folders.delete(lost);
    assertFalse(again.run().hasFailures());
    assertEquals(before, inode(kept), "a finished run is not touched");
    assertArrayEquals(student, Files.readAllBytes(lost.resolve("adm/" + WEIGHTS)));
  }

  @Test
  void a_row_that_shares_ends_as_if_it_had_not() throws IOException {
    String row = "\"X\" { adp.latent-weight = 0.5, adm.ttur = 2 }";
    ablation("alone", "runs = alone, seeds = [7]", "rows {", row, "}").run();
    String other = "A { adp.latent-weight = 0.5 }";
    ablation("shared", "runs = sharing, seeds = [7]", "rows {", other, row, "}").run();
    Path shared = folder.resolve("sharing/shared/x-7");
    assertTrue(Files.readString(shared.resolve("shared.json")).contains("../a-7"));
    assertArrayEquals(
        Files.readAllBytes(folder.resolve("alone/alone/x-7/adm/" + WEIGHTS)),
        Files.readAllBytes(shared.resolve("adm/" + WEIGHTS)));
  }

  @Test
  void ablations_side_by_side_share_too() throws IOException {
    ablation("first", "runs = side, seeds = [1]", "rows { A { } }").run();
    ablation("second", "runs = side, seeds = [1]", "rows { B { adm.ttur = 2 } }").run();
    String adp = "adp/" + WEIGHTS;
    assertEquals(
        inode(folder.resolve("side/first/a-1").resolve(adp)),
        inode(folder.resolve("side/second/b-1").resolve(adp)));
  }

  @Test
  void a_run_of_the_same_settings_is_taken_whole_and_is_no_different() throws IOException {
    ablation("made", "runs = whole-runs, seeds = [1]", "rows { A { adm.ttur = 2 } }").run();
    String[] same = {"runs = whole-runs, seeds = [1]", "rows { B { adm.ttur = 2 }, C { } }"};
    AblationReport report = ablation("taken", same).run();
    Path made = folder.resolve("whole-runs/made/a-1");
    Path taken = folder.resolve("whole-runs/taken/b-1");
    assertEquals(inode(made.resolve("adm/" + WEIGHTS)), inode(taken.resolve("adm/" + WEIGHTS)));
    assertArrayEquals(
        Files.readAllBytes(made.resolve("evaluation.json")),
        Files.readAllBytes(taken.resolve("evaluation.json")));
    assertTrue(Files.readString(taken.resolve("shared.json")).contains("../../made/a-1"));
    assertNotEquals(
        inode(made.resolve("adm/" + WEIGHTS)),
        inode(folder.resolve("whole-runs/taken/c-1/adm/" + WEIGHTS)));
    assertFalse(report.hasFailures());
    Object before = inode(taken.resolve("evaluation.json"));
    ablation("taken", same).run();
    assertEquals(before, inode(taken.resolve("evaluation.json")), "it counts as finished");
  }

  @Test
  void a_shared_student_is_exported_where_it_is_the_result() throws IOException {
    ablation(
            "exported",
            "runs = exporting, seeds = [1]",
            "rows { A { }",
            "\"ADP only\" { stages = [collect, adp, evaluate] } }")
        .run();
    Path run = folder.resolve("exporting/exported/adp-only-1");
    assertTrue(Files.exists(run.resolve("export/model_index.json")));
    assertTrue(Files.readString(run.resolve("shared.json")).contains("\"from\" : \"../a-1\""));
  }

  @Test
  void a_row_that_fails_does_not_stop_the_others() throws IOException {
    String[] lines = {
      "seeds = [1]",
      "rows { Bad { stages = [adm, evaluate], adm.start = teacher }",
      "Good { stages = [adm, evaluate], adm.start = teacher, adm.ttur = 2 } }",
    };
    Path bad = Files.createDirectories(folder.resolve("runs/failing/bad-1"));
    Files.writeString(bad.resolve("config.conf"), "seed = 99");
    AblationReport report = ablation("failing", lines).run();
    assertTrue(report.hasFailures());
    String table = Files.readString(folder.resolve("runs/failing/table.md"));
    assertTrue(table.contains("| Bad | 0 of 1, 1 failed | failed |"), table);
    assertTrue(table.contains("- Bad, seed 1: "), table);
    assertTrue(table.contains("was begun with other settings"), table);
    assertTrue(table.contains("| Good | 1 of 1 |"), table);
    Folders.delete(bad);
    assertFalse(ablation("failing", lines).run().hasFailures(), "failed runs are tried again");
  }

  @Test
  void finds_what_is_wrong_with_any_row_before_the_first_is_run() throws IOException {
    Ablation wrong =
        ablation(
            "wrong",
            "seeds = [1]",
            "rows {",
            "  A { }",
            "  B { adm.ttru = 4 }",
            "  C { stages = [collect] }",
            "  D { teacher.path = nowhere }",
            "}");
    List<String> problems = assertThrows(SettingsException.class, wrong::run).problems();
    assertEquals(3, problems.size(), problems::toString);
    assertTrue(
        problems.get(0).startsWith("wrong.conf:5: unknown key 'adm.ttru'. Did you mean 'ttur'?"),
        problems.get(0));
    assertEquals("row 'C': its stages are [collect]. Add 'evaluate'.", problems.get(1));
    assertTrue(problems.get(2).contains("nowhere"), problems.get(2));
    assertFalse(Files.exists(folder.resolve("runs/wrong/a-1")));
  }
}
