package dmdx.runner.stage;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dmdx.api.CheckpointException;
import dmdx.api.settings.SettingsException;
import dmdx.runner.plugin.PluginException;
import dmdx.runner.plugin.PluginRegistry;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RunSettingsTests {
  private static final PluginRegistry PLUGINS = PluginRegistry.discover(List.of());
  @TempDir static Path folder;
  private static TinyRun tiny;

  @BeforeAll
  static void laysOutARunAndItsTeacher() throws IOException {
    tiny = TinyRun.create(folder);
    tiny.pretrain();
  }

  private static RunSettings read(String... overrides) {
    return RunSettings.from(tiny.config(List.of(overrides)), folder, PLUGINS);
  }

  private static List<String> problems(String... overrides) {
    return assertThrows(SettingsException.class, () -> read(overrides)).problems();
  }

  @ParameterizedTest
  @ValueSource(strings = {"../../evil", "..", ".", "a/b", "/tmp/x", ".hidden", "a\\b", "x."})
  void a_name_leads_to_no_other_folder(String name) {
    assertEquals(
        List.of(
            "-D name: 'name' is '%s'. Set it to the name of a folder: letters, digits, blanks and . _ - = + , with a letter, digit or _ first and no dot or blank last."
                .formatted(name)),
        problems("stages=[collect]", "name=" + name));
  }

  @ParameterizedTest
  @ValueSource(strings = {"a b", "table-4", "été_1.5", "7", "lr=1e-4"})
  void a_plain_name_is_the_folders(String name) {
    assertEquals(
        folder.resolve("runs").resolve(name), read("stages=[collect]", "name=" + name).folder());
  }

  @ParameterizedTest
  @ValueSource(strings = {"[collect,adpp]", "[]", "adp", "null"})
  void wrong_stages_are_one_problem(String stages) {
    List<String> problems = problems("stages=" + stages);
    assertEquals(1, problems.size(), problems::toString);
    assertTrue(problems.get(0).startsWith("-D stages: 'stages' is "), problems::toString);
  }

  @Test
  void all_plugins_that_do_not_exist_are_told_with_their_places() {
    List<String> places =
        problems(
                "stages=[collect,adp,adm]",
                "teacher.plugin=sdxll",
                "adversarial=hing",
                "latent-discriminator.heads=con",
                "pixel-discriminator.plugin=sams",
                "adm.divergence=adn")
            .stream()
            .map(problem -> problem.split(": ", 2)[0])
            .toList();
    assertEquals(
        List.of(
            "-D adm.divergence",
            "-D adversarial",
            "-D latent-discriminator.heads",
            "-D pixel-discriminator.plugin",
            "-D teacher.plugin"),
        places.stream().sorted().toList());
  }

  @Test
  void what_cannot_be_made_of_a_setting_is_told_with_its_place() {
    for (String[] wrong :
        new String[][] {
          {"collect.sampler", "dimm"}, {"latent-discriminator.heads", "mlp"},
        }) {
      SettingsException error =
          assertThrows(
              SettingsException.class,
              () -> {
                try (Pipeline run = tiny.pipeline(tiny.distilling(wrong[0] + "=" + wrong[1]))) {
                  run.memory();
                }
              });
      assertTrue(
          error.problems().get(0).startsWith("-D %s: '%s': ".formatted(wrong[0], wrong[0])),
          error.getMessage());
    }
    String message =
        assertThrows(
                CheckpointException.class,
                () -> tiny.pipeline(List.of("stages=[collect]", "teacher.path=nowhere")).close())
            .getMessage();
    assertTrue(message.startsWith("-D teacher.path: 'teacher.path': "), message);
  }

  @Test
  void a_fake_score_of_lower_rank_than_the_student_is_refused() {
    List<String> lora =
        tiny.distilling(
            "stages=[adm]",
            "adm.start=teacher",
            "student.mode=lora",
            "student.lora.rank=8",
            "adm.fake.lora.rank=4");
    try (Pipeline run = tiny.pipeline(lora)) {
      String message = assertThrows(SettingsException.class, run::outline).getMessage();
      assertTrue(
          message.startsWith(
              "-D adm.fake.lora.rank: 'adm.fake.lora.rank': rank 4 is less than 'student.lora.rank', 8:"),
          message);
    }
  }

  @Test
  void a_size_that_the_teacher_cannot_draw_is_told_with_its_place() {
    String message =
        assertThrows(
                SettingsException.class,
                () -> tiny.pipeline(tiny.distilling("teacher.size=[33,32]")).close())
            .getMessage();
    assertTrue(message.startsWith("-D teacher.size: 'teacher.size': "), message);
    assertTrue(message.contains("33"), message);
  }

  @Test
  void plugin_titles_say_where_they_come_from() {
    assertEquals("heads 'conv' (dmdx.losses)", PLUGINS.title("heads", "conv"));
    assertThrows(PluginException.class, () -> PLUGINS.heads("none"));
  }
}
