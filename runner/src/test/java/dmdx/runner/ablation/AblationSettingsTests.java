package dmdx.runner.ablation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dmdx.api.settings.SettingsException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AblationSettingsTests {
  @TempDir Path folder;

  @BeforeEach
  void writesABase() throws IOException {
    Files.writeString(folder.resolve("run.conf"), "");
  }

  private AblationSettings read(String... lines) throws IOException {
    Path file = folder.resolve("table.conf");
    Files.write(file, List.of(lines));
    return AblationSettings.read(file, folder);
  }

  private List<String> problems(String... lines) {
    return assertThrows(SettingsException.class, () -> read(lines)).problems();
  }

  @Test
  void keeps_rows_in_file_order_and_paths_relative_to_the_file() throws IOException {
    AblationSettings settings =
        read(
            "name = t, base = run.conf, runs = out, seeds = [3, 1]",
            "rows {",
            "  \"Z last?\" { adm.ttur = 4 }",
            "  \"A3 l = (.7, .3)\" { adp { latent-weight = 0.7 } }",
            "  M {}",
            "}");
    assertEquals(List.of("Z last?", "A3 l = (.7, .3)", "M"), List.copyOf(settings.rows().keySet()));
    assertEquals(4, settings.rows().get("Z last?").getInt("adm.ttur"));
    assertEquals(folder.resolve("out/t"), settings.folder());
    assertEquals(folder.resolve("run.conf"), settings.base());
    assertEquals(List.of(3, 1), settings.seeds());
    assertEquals("a3-l-.7-.3", AblationSettings.folderName("A3 l = (.7, .3)"));
  }

  @Test
  void reports_everything_that_is_wrong_together() {
    assertEquals(
        List.of(
            "table.conf:1: unknown key 'sedes'. Did you mean 'seeds'? Valid keys: base, name, report, rows, runs, seeds.",
            "table.conf:2: 'seeds' names a seed twice. Name each once.",
            "table.conf:4: 'rows.A.seed' is the ablation's to set. Remove it from the row.",
            "table.conf:5: 'rows.a' makes the folder name 'a', which is empty or another row's. Give the row another name.",
            "table.conf:6: 'rows.teacher' is the name of the teacher's own row. Give the row another name.",
            "table.conf:9: 'report.baseline' is \"C\". Set it to one of A, a, teacher.",
            "table.conf:10: 'report.expect' has \"A < Bee on x.y\", but no row is named 'Bee'. Rows: A, a, teacher.",
            "table.conf:11: unknown key 'report.plots'. Valid keys: baseline, expect, metrics, teacher."),
        problems(
            "name = t, base = run.conf, sedes = [1]",
            "seeds = [1, 1]",
            "rows {",
            "  A { seed = 3 }",
            "  a { }",
            "  teacher { }",
            "}",
            "report {",
            "  baseline = C",
            "  expect = [A < Bee on x.y]",
            "  plots = true",
            "}"));
  }

  @Test
  void wants_a_base_and_rows() {
    assertTrue(
        problems("name = t, base = nowhere.conf, seeds = [1], rows { A {} }")
            .get(0)
            .startsWith("table.conf:1: 'base' is no file: "));
    assertEquals(
        List.of("table.conf:1: 'rows' has no row. Give at least one: rows { \"DMDX\" { } }."),
        problems("name = t, base = run.conf, seeds = [1], rows { }"));
  }

  @Test
  void a_name_leads_to_no_other_folder() {
    for (String name : List.of("../evil", "..", ".", "/tmp/x", "a/b", "a\\\\b", " x", "x.")) {
      List<String> problems =
          problems("name = \"" + name + "\", base = run.conf, seeds = [1], rows { A {} }");
      assertTrue(
          problems.get(0).startsWith("table.conf:1: 'name' is '"), () -> name + ": " + problems);
    }
  }
}
