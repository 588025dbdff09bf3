package dmdx.runner.config;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.typesafe.config.Config;
import dmdx.api.settings.SettingsException;
import dmdx.runner.plugin.PluginRegistry;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ConfigLoaderTests {
  @TempDir Path folder;

  private Path file(String name, String... lines) throws IOException {
    Path file = folder.resolve(name);
    Files.createDirectories(file.getParent());
    return Files.write(file, List.of(lines));
  }

  private static Config load(Path file, String... overrides) {
    return ConfigLoader.load(file, List.of(overrides), PluginRegistry.discover(List.of())::teacher);
  }

  private String problem(Path file, String... overrides) {
    List<String> problems =
        assertThrows(SettingsException.class, () -> load(file, overrides)).problems();
    assertEquals(1, problems.size());
    return problems.get(0).replaceAll("\\S*" + folder.getFileName() + "/", "");
  }

  @Test
  void includes_are_relative_to_the_file_that_contains_them() throws IOException {
    file("shared/deep/c.conf", "c = 3");
    file("shared/b.conf", "include required(\"deep/c.conf\")", "b = ${c}");
    Path run =
        file(
            "runs/run.conf",
            "include file(\"../shared/b.conf\")",
            "nested { include \"../shared/deep/c\" }",
            "b = 5");
    Config config = load(run);
    assertEquals(3, config.getInt("c"));
    assertEquals(5, config.getInt("b"));
    assertEquals(3, config.getInt("nested.c"));
  }

  @Test
  void overrides_win_and_are_seen_by_substitutions() throws IOException {
    Path run = file("run.conf", "steps = 1, again = ${steps}, list = [1], name = a");
    Config config =
        load(run, "steps=2", "steps=1e1", "list=[2, 3]", "name=C:/x#y z", "new.key=true");
    assertEquals(10, config.getInt("steps"));
    assertEquals(10, config.getInt("again"));
    assertEquals(List.of(2, 3), config.getIntList("list"));
    assertEquals("C:/x#y z", config.getString("name"));
    assertTrue(config.getBoolean("new.key"));
    assertEquals("-D name", config.getValue("name").origin().description());
  }

  @Test
  void puts_a_preset_of_the_teacher_under_the_file() throws IOException {
    Path run =
        file(
            "run.conf",
            "teacher { plugin = sd3, preset = sd3.5-large }",
            "adm.student.learning-rate = 2e-8");
    Config config = load(run, "student.steps=2");
    assertEquals(2, config.getInt("student.steps"));
    assertEquals(2e-8, config.getDouble("adm.student.learning-rate"));
    assertEquals(List.of(3, 4), config.getIntList("adm.guidance"));
    assertEquals("full", config.getString("student.mode"));
    assertEquals(0.99, config.getDoubleList("adm.student.betas").get(1));
  }

  @Test
  void rejects_a_preset_that_the_teacher_does_not_have() throws IOException {
    Path run = file("run.conf", "teacher.plugin = sd3", "teacher.preset = sd3-medum");
    assertEquals(
        "run.conf:2: 'teacher.preset' is 'sd3-medum', but the teacher plugin 'sd3' has the presets"
            + " sd3-medium, sd3.5-large. Did you mean 'sd3-medium'?",
        problem(run));
  }

  @Test
  void rejects_a_missing_file() {
    assertEquals(
        "absent.conf: no such configuration file.", problem(folder.resolve("absent.conf")));
  }

  @Test
  void rejects_a_missing_include_and_suggests_the_nearest_file() throws IOException {
    file("base.conf", "");
    Path run = file("run.conf", "a = 1", "include \"bsae.conf\"");
    assertEquals(
        "run.conf:2: the included file 'bsae.conf' does not exist. Did you mean 'base.conf'?"
            + " Includes are relative to the file that contains them.",
        problem(run));
    Path required = file("required.conf", "include required(file(\"nowhere/at-all.conf\"))");
    assertEquals(
        "required.conf:1: the included file 'nowhere/at-all.conf' does not exist. Includes are"
            + " relative to the file that contains them.",
        problem(required));
  }

  @Test
  void rejects_an_include_that_leads_back() throws IOException {
    Path a = file("a.conf", "include \"b.conf\"");
    file("b.conf", "x = 1", "include \"a.conf\"");
    assertEquals("b.conf:2: 'a.conf' includes itself. Remove one of the includes.", problem(a));
  }

  @Test
  void names_the_line_of_a_syntax_error() throws IOException {
    Path run = file("run.conf", "a = 1", "b = [1, 2", "c = 3");
    String problem = problem(run);
    assertTrue(problem.matches("run\\.conf:[23]: .*"), problem);
    file("bad.conf", "a = 1", "}");
    problem = problem(file("outer.conf", "include \"bad.conf\""));
    assertTrue(problem.startsWith("bad.conf:2: "), problem);
  }

  @Test
  void names_a_substitution_that_nothing_sets() throws IOException {
    assertEquals(
        "run.conf:2: nothing sets ${nowhere}.",
        problem(file("run.conf", "a = 1", "b = ${nowhere}")));
  }

  @Test
  void rejects_overrides_that_cannot_be_read() throws IOException {
    Path run = file("run.conf", "a = 1");
    assertEquals("-D a: expected key=value, such as -D adm.iterations=100.", problem(run, "a"));
    assertTrue(problem(run, "a=[1").startsWith("-D a: cannot read '[1': "));
  }

  @Test
  void tells_a_folder_and_an_ablation_from_a_configuration() throws IOException {
    assertTrue(problem(folder).endsWith(": is a folder. Give the configuration file."));
    Path ablation = file("table.conf", "base = run.conf", "rows { a {} }");
    assertEquals(
        "table.conf: is an ablation. Run it with: dmdx ablate table.conf", problem(ablation));
  }

  @Test
  void names_the_line_of_a_teacher_that_does_not_exist() throws IOException {
    Path run = file("run.conf", "teacher.preset = sd3-medium", "teacher.plugin = sd4");
    String problem = problem(run);
    assertTrue(
        problem.startsWith(
            "run.conf:2: 'teacher.plugin' is 'sd4': no teacher plugin is named 'sd4'."
                + " Did you mean 'sd3'?"),
        problem);
  }
}
