package dmdx.api.settings;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import com.typesafe.config.ConfigParseOptions;
import com.typesafe.config.ConfigValueFactory;
import dmdx.api.GuidanceRange;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class SettingsTests {
  @TempDir Path folder;

  private Config file(String name, String... lines) {
    try {
      Path file = folder.resolve(name);
      Files.createDirectories(file.getParent());
      Files.write(file, List.of(lines));
      return ConfigFactory.parseFile(file.toFile());
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  private Settings settings(String... lines) {
    return Settings.of(file("run.conf", lines).resolve(), folder);
  }

  private static List<String> problems(Settings settings) {
    return assertThrows(SettingsException.class, settings::finish).problems();
  }

  private String problem(Consumer<Settings> reading, String... lines) {
    Settings settings = settings(lines);
    reading.accept(settings);
    List<String> problems = problems(settings);
    assertEquals(1, problems.size(), problems::toString);
    return problems.get(0);
  }

  @Test
  void reads_values_of_every_type() {
    Settings s =
        settings(
            "n = 3, big = 9000000000, x = 1e-4, yes = true, name = sdxl",
            "ints = [1, 2], xs = [0.5, 1], names = [a, b], range = [3, 7.5], fixed = 4");
    assertEquals(3, s.integer("n", 1, 10));
    assertEquals(9_000_000_000L, s.longInteger("big"));
    assertEquals(1e-4, s.number("x", 0, 1));
    assertTrue(s.flag("yes"));
    assertEquals("sdxl", s.text("name"));
    assertEquals(List.of(1, 2), s.integers("ints", 0, 9));
    assertEquals(List.of(0.5, 1.0), s.numbers("xs", 0, 1));
    assertEquals(List.of("a", "b"), s.texts("names"));
    assertEquals(new GuidanceRange(3, 7.5), s.guidance("range"));
    assertEquals(new GuidanceRange(4, 4), s.guidance("fixed"));
    assertNull(s.optionalText("absent"));
    assertNull(s.optionalPath("absent"));
    assertNull(s.optionalGuidance("absent"));
    s.finish();
  }

  @Test
  void converts_texts_as_environment_variables_are() {
    Settings s = settings("n = \"3\", x = \"0.5\", yes = \"true\", name = 007, e = 1e3, f = 2.0");
    assertEquals(3, s.integer("n", 1, 10));
    assertEquals(0.5, s.number("x", 0, 1));
    assertTrue(s.flag("yes"));
    assertEquals("007", s.text("name"));
    assertEquals(1000, s.integer("e", 1, 9999));
    assertEquals(2, s.integer("f", 1, 10));
    s.finish();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "n = 2.9 | 2.9",
        "n = 11 | 11",
        "n = 1e300 | 1e300",
        "n = true | true",
        "n = ten | \"ten\"",
        "n = [1] | [1]",
        "n = { a = 1 } | a section",
      })
  void rejects_what_is_no_whole_number_in_range(String line, String shown) {
    assertEquals(
        "run.conf:1: 'n' is " + shown + ". Set it to a whole number from 1 to 10.",
        problem(s -> assertEquals(1, s.integer("n", 1, 10)), line));
  }

  @Test
  void says_what_a_number_may_be() {
    String inf = "run.conf:1: 'x' is -1. Set it to a number";
    double none = Double.POSITIVE_INFINITY;
    assertEquals(inf + " from 0 to 1.", problem(s -> s.number("x", 0, 1), "x = -1"));
    assertEquals(inf + " of at least 0.5.", problem(s -> s.number("x", 0.5, none), "x = -1"));
    assertEquals(inf + " above 0.", problem(s -> s.number("x", Double.MIN_VALUE, none), "x = -1"));
    assertEquals(inf + " of at most -2.", problem(s -> s.number("x", -none, -2), "x = -1"));
    assertEquals(
        "run.conf:1: 'n' is 0. Set it to a whole number of at least 1.",
        problem(s -> s.integer("n", 1, Integer.MAX_VALUE), "n = 0"));
  }

  @ParameterizedTest
  @ValueSource(strings = {"[7, 3]", "[0.5, 2]", "[1, 2, 3]", "[]", "0", "high"})
  void rejects_a_guidance_that_is_no_range(String value) {
    String shown = value.equals("high") ? "\"high\"" : value.replace(" ", "");
    assertEquals(
        "run.conf:1: 'g' is "
            + shown
            + ". Set it to one guidance scale of at least 1, or two as [low, high].",
        problem(s -> s.guidance("g"), "g = " + value));
  }

  @Test
  void suggests_the_nearest_choice() {
    assertEquals(
        "run.conf:1: 'loss' is \"hing\". Set it to one of hinge, logistic. Did you mean 'hinge'?",
        problem(s -> s.choice("loss", List.of("hinge", "logistic")), "loss = hing"));
  }

  @Test
  void reports_a_missing_key_at_its_section() {
    assertEquals(
        "run.conf:2: 'adm.lr' is missing. Set it to a number above 0.",
        problem(
            s -> s.section("adm").number("lr", Double.MIN_VALUE, Double.POSITIVE_INFINITY),
            "",
            "adm {",
            "}"));
    assertEquals(
        "run.conf: 'adm.lr' is missing. Set it to a text.",
        problem(s -> s.section("adm").text("lr"), "").replace("run.conf:1", "run.conf"));
  }

  @Test
  void counts_null_as_missing() {
    Settings s = settings("a = 1", "a = null");
    s.text("a");
    assertTrue(problems(s).get(0).contains("'a' is missing. Set it to a text."));
  }

  @Test
  void rejects_unknown_keys_with_the_nearest_valid_one() {
    assertEquals(
        "run.conf:3: unknown key 'adm.guidence'. Did you mean 'guidance'? Valid keys: guidance,"
            + " ttur.",
        problem(
            s -> {
              s.section("adm").integer("ttur", 1, 9);
              s.section("adm").optionalGuidance("guidance");
            },
            "adm {",
            "  ttur = 1",
            "  guidence = 7",
            "}"));
    assertEquals(
        "run.conf:1: unknown key 'a.b'. No keys are valid here.",
        problem(s -> s.section("a"), "a.b = 1"));
  }

  @Test
  void reports_all_problems_in_file_order() {
    Settings s = settings("a = x", "b { c = y, d = 1 }", "e = 1");
    s.section("b").flag("c");
    s.integer("a", 0, 1);
    assertEquals(
        List.of(
            "run.conf:1: 'a' is \"x\". Set it to a whole number from 0 to 1.",
            "run.conf:2: 'b.c' is \"y\". Set it to true or false.",
            "run.conf:2: unknown key 'b.d'. Valid keys: c.",
            "run.conf:3: unknown key 'e'. Valid keys: a, b."),
        problems(s));
  }

  @Test
  void reports_a_value_that_should_be_a_section() {
    assertEquals(
        "run.conf:1: 'adm' is 3. Set it to a section { … }.",
        problem(s -> s.section("adm"), "adm = 3"));
  }

  @Test
  void defaults_fill_the_gaps_of_a_section_and_keep_what_was_read() {
    Config defaults =
        ConfigFactory.parseString(
            "lr = 0.5, taps = [1]",
            ConfigParseOptions.defaults().setOriginDescription("sdxl.conf"));
    Settings s = settings("teacher { plugin = sdxl, taps = [2, 3] }");
    assertEquals("sdxl", s.section("teacher").text("plugin"));
    Settings own = s.section("teacher", defaults);
    assertEquals(0.5, own.number("lr", 0, 1));
    assertEquals(List.of(2, 3), own.integers("taps", 0, 9));
    s.finish();
  }

  @Test
  void names_the_defaults_where_they_are_wrong() {
    Config defaults =
        ConfigFactory.parseString(
            "lr = high", ConfigParseOptions.defaults().setOriginDescription("defaults of sdxl"));
    Settings s = settings("teacher {}");
    s.section("teacher", defaults).number("lr", 0, 1);
    assertEquals(
        List.of("defaults of sdxl: 'teacher.lr' is \"high\". Set it to a number from 0 to 1."),
        problems(s));
  }

  @Test
  void names_an_override_by_its_option() {
    Config override = ConfigValueFactory.fromAnyRef("x", "-D adm.lr").atPath("adm.lr");
    Settings s = Settings.of(override.withFallback(file("run.conf", "adm { lr = 1 }")), folder);
    s.section("adm").number("lr", 0, 1);
    assertEquals(
        List.of("-D adm.lr: 'adm.lr' is \"x\". Set it to a number from 0 to 1."), problems(s));
  }

  @Test
  void plugin_settings_are_checked_by_their_plugin() {
    Settings s = settings("teacher { plugin = sdxl, sdxl { tapz = 1 } }");
    Settings teacher = s.section("teacher");
    teacher.text("plugin");
    Settings own = teacher.plugin("sdxl", ConfigFactory.empty());
    s.finish();
    own.has("taps");
    assertEquals(
        List.of(
            "run.conf:1: unknown key 'teacher.sdxl.tapz'. Did you mean 'taps'? Valid keys: taps."),
        problems(own));
  }

  @Test
  void resolves_paths_against_the_file_that_sets_them() {
    Config base = file("shared/base.conf", "root = models", "vae = ${root}/vae");
    Config run = file("run.conf", "out = runs, home = ~/x, abs = /tmp/../etc");
    Config override = ConfigValueFactory.fromAnyRef("here", "-D cwd").atPath("cwd");
    Settings s = Settings.of(override.withFallback(run).withFallback(base).resolve(), folder);
    assertEquals(folder.resolve("shared/models"), s.path("root"));
    assertEquals(folder.resolve("shared/models/vae"), s.path("vae"));
    assertEquals(folder.resolve("runs"), s.path("out"));
    assertEquals(folder.resolve("here"), s.path("cwd"));
    assertEquals(Path.of(System.getProperty("user.home"), "x"), s.path("home"));
    assertEquals(Path.of("/etc"), s.path("abs"));
    s.finish();
  }

  @Test
  void shows_files_relative_to_the_working_folder() {
    Config config = file("configs/run.conf", "a = 1");
    Settings near = Settings.of(config, folder);
    assertEquals(
        "configs/run.conf:1: unknown key 'a'. No keys are valid here.", problems(near).get(0));
    Settings far = Settings.of(config, folder.resolve("x/y/z"));
    assertEquals(
        folder.resolve("configs/run.conf") + ":1: unknown key 'a'. No keys are valid here.",
        problems(far).get(0));
  }

  @Test
  void lists_keys_in_file_order() {
    assertEquals(List.of("z", "a", "m"), settings("z = 1", "a = 1", "m = 1").keys());
  }

  @Test
  void cuts_long_values() {
    String problem = problem(s -> s.flag("a"), "a = " + "x".repeat(500));
    assertTrue(problem.contains("x…. Set it to true or false."), problem);
    assertTrue(problem.length() < 120, problem);
  }

  @Test
  void flags_are_spelled_as_hocon_does() {
    Settings s = settings("a = yes, b = on, c = no, d = off, e = \"true\"");
    assertTrue(s.flag("a") && s.flag("b") && s.flag("e"));
    assertTrue(!s.flag("c") && !s.flag("d"));
    s.finish();
  }

  @Test
  void says_what_a_path_or_a_list_is() {
    assertTrue(problem(s -> s.path("p"), "").endsWith("'p' is missing. Set it to a path."));
    assertEquals(
        "run.conf:1: 'size' is 16. Set it to [height, width], each from 1 to 99.",
        problem(s -> s.integers("size", 1, 99, "[height, width], each"), "size = 16"));
  }
}
