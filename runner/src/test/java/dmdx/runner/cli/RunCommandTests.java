package dmdx.runner.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import dmdx.runner.checkpoint.Folders;
import dmdx.runner.config.ConfigLoader;
import dmdx.runner.plugin.PluginRegistry;
import dmdx.runner.stage.Pipeline;
import dmdx.runner.stage.TinyRun;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

@Tag("e2e")
class RunCommandTests {
  private static final PluginRegistry PLUGINS = PluginRegistry.discover(List.of());
  @TempDir static Path folder;
  private final StringWriter err = new StringWriter();

  @BeforeAll
  static void pretrainsTheTeacher() throws IOException {
    TinyRun.create(folder).pretrain();
  }

  private static List<String> settings(String name, String... more) {
    List<String> all =
        new ArrayList<>(
            List.of(
                "name=" + name,
                "runs=" + folder.resolve("runs"),
                "stages=[adm]",
                "adm.start=teacher",
                "teacher.path=" + folder.resolve("trained"),
                "adm.batch=4",
                "adm.micro-batch=4"));
    all.addAll(List.of(more));
    return all;
  }

  /** One byte less than the run needs. */
  private static long tooLittle(List<String> settings) {
    Config config = ConfigLoader.load(folder.resolve("run.conf"), settings, PLUGINS::teacher);
    try (Pipeline pipeline = new Pipeline(config, folder, PLUGINS, new SimpleMeterRegistry())) {
      return MemoryFit.peak(pipeline.memory()).total() - 1;
    }
  }

  private int run(long available, List<String> settings, String... options) {
    CommandLine command =
        new CommandLine(
            new RunCommand(
                () -> PLUGINS,
                () -> new PrometheusMeterRegistry(PrometheusConfig.DEFAULT),
                () -> OptionalLong.of(available)));
    command.setOut(new PrintWriter(new StringWriter()));
    command.setExecutionExceptionHandler(
        (problem, line, result) -> {
          err.append(problem.getMessage());
          return Main.USER_ERROR;
        });
    List<String> arguments = new ArrayList<>(List.of(options));
    arguments.add(folder.resolve("run.conf").toString());
    settings.forEach(setting -> arguments.addAll(List.of("-D", setting)));
    return command.execute(arguments.toArray(String[]::new));
  }

  private static int microBatch(String name) {
    Path file = folder.resolve("runs").resolve(name).resolve("config.conf");
    return ConfigFactory.parseFile(file.toFile()).getInt("adm.micro-batch");
  }

  /** As a run is left that was stopped before its last checkpoint. */
  private static void interrupt(String name) throws IOException {
    Path adm = folder.resolve("runs").resolve(name).resolve("adm");
    Folders.delete(adm.resolve("student"));
    Folders.delete(adm.resolve("checkpoints/00000004"));
  }

  @Test
  void a_fitted_run_goes_on_as_it_began() throws IOException {
    List<String> settings = settings("fitted");
    long available = tooLittle(settings);
    assertEquals(Main.OK, run(available, settings, "--auto-fit"), err::toString);
    assertEquals(2, microBatch("fitted"));
    interrupt("fitted");
    assertEquals(Main.OK, run(available, settings), err::toString);
    interrupt("fitted");
    assertEquals(Main.OK, run(Long.MAX_VALUE, settings), err::toString);
  }

  @Test
  void a_setting_given_since_is_not_overruled_by_a_fitted_one() throws IOException {
    List<String> settings = settings("overruled");
    assertEquals(Main.OK, run(tooLittle(settings), settings, "--auto-fit"), err::toString);
    interrupt("overruled");
    assertEquals(Main.USER_ERROR, run(Long.MAX_VALUE, settings("overruled", "adm.micro-batch=1")));
    assertTrue(err.toString().contains("'adm.micro-batch' was 2 and is 1"), err::toString);
  }

  @Test
  void a_run_that_has_begun_is_only_fitted_by_what_may_change() throws IOException {
    List<String> settings = settings("begun");
    assertEquals(Main.OK, run(Long.MAX_VALUE, settings), err::toString);
    interrupt("begun");
    assertEquals(Main.OK, run(tooLittle(settings), settings, "--auto-fit"), err::toString);
    assertEquals(4, microBatch("begun"));
  }

  @Test
  void the_memory_check_can_be_left_out_and_its_refusal_says_so() {
    List<String> settings = settings("unchecked");
    assertEquals(Main.USER_ERROR, run(1, settings));
    assertTrue(err.toString().contains("--no-memory-check"), err::toString);
    assertEquals(Main.OK, run(1, settings, "--no-memory-check"), err::toString);
    assertEquals(CommandLine.ExitCode.USAGE, run(1, settings, "--no-memory-check", "--auto-fit"));
  }

  @Test
  void stages_that_are_done_need_no_memory() {
    List<String> settings = settings("done", "stages=[collect,adm]");
    assertEquals(Main.OK, run(Long.MAX_VALUE, settings), err::toString);
    assertEquals(Main.OK, run(1, settings), err::toString);
  }
}
