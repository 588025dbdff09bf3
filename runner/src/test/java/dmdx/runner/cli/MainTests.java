package dmdx.runner.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MainTests {
  @TempDir Path folder;
  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();

  private int run(String... args) {
    return Main.run(new PrintWriter(out), new PrintWriter(err), args);
  }

  @Test
  void lists_plugins_with_their_source() {
    assertEquals(Main.OK, run("plugins"));
    assertTrue(
        Pattern.compile("^parameterization +noise .* dmdx\\.api$", Pattern.MULTILINE)
            .matcher(out.toString())
            .find(),
        out::toString);
  }

  @Test
  void lists_the_problems_of_plugins() throws IOException {
    Files.writeString(folder.resolve("x.jar"), "no jar");
    assertEquals(Main.OK, run("plugins", "--plugins", folder.toString()));
    assertTrue(
        out.toString().contains("problem: " + folder.resolve("x.jar") + " skipped: "),
        out::toString);
  }

  @Test
  void a_wrong_command_line_is_told_in_two_lines() {
    assertEquals(Main.USER_ERROR, run("plugins", "--plugin", "x"));
    assertEquals("error: ", err.toString().substring(0, 7));
    assertTrue(err.toString().contains("Try 'dmdx plugins --help'."), err::toString);
    assertEquals(Main.USER_ERROR, run());
    assertTrue(err.toString().contains("error: no command given"), err::toString);
  }

  @Test
  void a_users_error_has_no_stack_trace_unless_verbose() {
    String missing = folder.resolve("nowhere").toString();
    assertEquals(Main.USER_ERROR, run("parity", missing));
    assertEquals(
        "error: " + missing + ": no such folder. Give a folder with cases.",
        err.toString().strip());
    assertEquals(Main.USER_ERROR, run("plugins", "--plugins", missing));
    assertTrue(!err.toString().contains("\tat "), err::toString);
    assertEquals(Main.USER_ERROR, run("--verbose", "parity", missing));
    assertTrue(err.toString().contains("\tat "), err::toString);
  }

  @Test
  void parity_fails_for_a_folder_without_cases() {
    assertEquals(Main.CHECK_FAILED, run("parity", folder.toString()));
    assertTrue(
        out.toString().contains("FAILED no case in it.") && out.toString().contains("0 of 1"),
        out::toString);
    assertEquals(Main.CHECK_FAILED, run("parity", "--json", folder.toString()));
    assertTrue(out.toString().contains("\"passed\" : false"), out::toString);
  }

  @Test
  void parity_fails_for_a_case_nobody_knows_unless_told_to_skip_it() throws IOException {
    Files.writeString(folder.resolve("case.json"), "{\"family\": \"poems\"}");
    assertEquals(Main.CHECK_FAILED, run("parity", folder.toString()));
    assertTrue(
        out.toString().contains(folder + ": FAILED no plugin knows what its index describes."),
        out::toString);
    assertEquals(Main.OK, run("parity", "--skip-unknown", folder.toString()));
    assertTrue(out.toString().contains("0 of 0 cases passed, 1 unknown skipped"), out::toString);
  }

  @Test
  void parity_goes_on_after_a_case_that_asks_for_the_impossible() throws IOException {
    Files.writeString(
        folder.resolve("case.json"),
        """
        {"class": "DDIMScheduler", "schedules": {}, "alphas_cumprod": {"indices": [], "values": []},
         "config": {"_class_name": "DDIMScheduler", "set_alpha_to_one": true},
         "final_alpha_cumprod": 1,
         "add_noise": {"timesteps": [1], "sample": [0], "noise": [0], "result": [0]},
         "get_velocity": {"timesteps": [1], "sample": [0], "noise": [0], "result": [0]},
         "runs": [{"num_inference_steps": 5000}]}
        """);
    assertEquals(Main.CHECK_FAILED, run("parity", folder.toString()));
    assertTrue(
        out.toString().contains("FAILED 5000 sampling steps; choose 1 to 1000"), out::toString);
    assertTrue(out.toString().contains("0 of 1 cases passed"), out::toString);
  }

  @Test
  void help_lists_commands_and_exit_codes() {
    assertEquals(Main.OK, run("--help"));
    assertTrue(
        out.toString().contains("parity") && out.toString().contains("70  internal error"),
        out::toString);
    assertEquals(Main.OK, run("--version"));
    assertTrue(out.toString().contains("dmdx "), out::toString);
  }
}
