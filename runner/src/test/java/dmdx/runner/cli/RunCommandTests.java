package dmdx.runner.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import dmdx.runner.checkpoint.Folders;
import dmdx.runner.config.ConfigLoader;
import dmdx.runner.plugin.PluginRegistry;
import dmdx.runner.stage.FreeDisk;
import dmdx.runner.stage.FreeSpace;
import dmdx.runner.stage.Pipeline;
import dmdx.runner.stage.StageMemory;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.ToLongFunction;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

@Tag("e2e")
class RunCommandTests {
  private static final PluginRegistry PLUGINS = PluginRegistry.discover(List.of());
  @TempDir static Path folder;
  private static TinyCommand tiny;
  private final StringWriter err = new StringWriter();

  @BeforeAll
  static void pretrainsTheTeacher() throws IOException {
    tiny = TinyCommand.create(folder);
  }

  private static List<String> settings(String name, String... more) {
    List<String> all = tiny.adm(name, "adm.batch=4", "adm.micro-batch=4");
    all.addAll(List.of(more));
    return all;
  }

  /** One byte less than the run needs. */
  private static long tooLittle(List<String> settings) {
    return need(settings, StageMemory::total) - 1;
  }

  /** What the run needs at most. */
  private static long need(List<String> settings, ToLongFunction<StageMemory> of) {
    Config config = ConfigLoader.load(folder.resolve("run.conf"), settings, PLUGINS::teacher);
    try (Pipeline pipeline = new Pipeline(config, folder, PLUGINS, new SimpleMeterRegistry())) {
      return pipeline.memory().stream().mapToLong(of).max().orElseThrow();
    }
  }

  private static FreeSpace free(long device, long host, long scratch) {
    return new FreeSpace(device, host, new FreeDisk(scratch, Long.MAX_VALUE, false));
  }

  private int run(long memory, List<String> settings, String... options) {
    return run(free(memory, memory, Long.MAX_VALUE), settings, options);
  }

  private int run(FreeSpace free, List<String> settings, String... options) {
    CommandLine command =
        new CommandLine(
            new RunCommand(
                () -> PLUGINS,
                () -> new PrometheusMeterRegistry(PrometheusConfig.DEFAULT),
                pipeline -> free));
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
  void a_gpu_has_memory_of_its_own() {
    List<String> settings = settings("gpu", "device=cuda");
    long gpu = need(settings, StageMemory::total);
    long host = need(settings, StageMemory::host);
    assertEquals(Main.USER_ERROR, run(free(gpu - 1, host, 0), settings));
    assertTrue(err.toString().contains("GiB of the GPU's memory, and"), err::toString);
    assertEquals(Main.USER_ERROR, run(free(gpu, host - 1, 0), settings));
    assertTrue(err.toString().contains("GiB of the host's memory, and"), err::toString);
  }

  @Test
  void scratch_files_need_room() {
    List<String> settings = settings("scratch", "adm.fake.offload=disk");
    long disk = need(settings, memory -> memory.files().scratch());
    FreeSpace full = free(Long.MAX_VALUE, Long.MAX_VALUE, disk - 1);
    assertEquals(Main.USER_ERROR, run(full, settings));
    assertTrue(err.toString().contains("GiB of disk for scratch files, and"), err::toString);
    assertEquals(Main.OK, run(free(Long.MAX_VALUE, 0, disk), settings), err::toString);
  }

  @Test
  void checkpoints_and_results_need_the_room_that_was_predicted() {
    List<String> settings =
        settings("files", "stages=[collect,adm]", "collect.pairs=64", "adm.checkpoint-every=1");
    long[] left = new long[2];
    long most = 0;
    Config config = ConfigLoader.load(folder.resolve("run.conf"), settings, PLUGINS::teacher);
    try (Pipeline pipeline = new Pipeline(config, folder, PLUGINS, new SimpleMeterRegistry())) {
      List<StageMemory> stages = pipeline.memory();
      for (int i = 0; i < left.length; i++) {
        left[i] = stages.get(i).files().kept();
        most = Math.max(most, stages.get(i).files().aside() + left[0] + (i > 0 ? left[1] : 0));
      }
    }
    FreeDisk full = new FreeDisk(0, most - 1, false);
    assertEquals(
        Main.USER_ERROR, run(new FreeSpace(Long.MAX_VALUE, Long.MAX_VALUE, full), settings));
    assertTrue(err.toString().contains("of disk for checkpoints and results"), err::toString);
    FreeDisk enough = new FreeDisk(0, most, false);
    assertEquals(
        Main.OK,
        run(new FreeSpace(Long.MAX_VALUE, Long.MAX_VALUE, enough), settings),
        err::toString);
    Path run = folder.resolve("runs/files");
    assertEquals(left[0], Folders.size(run.resolve("collect")), 0.2 * left[0]);
    assertEquals(
        left[1],
        Folders.size(run.resolve("adm")) + Folders.size(run.resolve("export")),
        0.2 * left[1]);
  }

  @Test
  void a_checkpoint_needs_room_beside_those_that_are_kept() {
    List<String> seldom = settings("seldom", "adm.iterations=4", "adm.checkpoint-every=2");
    List<String> often = settings("often", "adm.iterations=4", "adm.checkpoint-every=1");
    assertEquals(0, need(seldom, memory -> memory.files().aside()));
    assertTrue(need(often, memory -> memory.files().aside()) > 0);
    assertEquals(
        need(seldom, memory -> memory.files().kept()),
        need(often, memory -> memory.files().kept()));
  }

  @Test
  void files_are_known_without_a_rehearsal() {
    Config config =
        ConfigLoader.load(
            folder.resolve("run.conf"),
            settings("unrehearsed", "adm.fake.offload=disk"),
            PLUGINS::teacher);
    try (Pipeline pipeline = new Pipeline(config, folder, PLUGINS, new SimpleMeterRegistry())) {
      assertEquals(
          pipeline.memoryLeft().stream().map(StageMemory::files).toList(),
          pipeline.filesLeft().stream().map(StageMemory::files).toList());
    }
  }

  @Test
  void stages_that_are_done_need_no_memory() {
    List<String> settings = settings("done", "stages=[collect,adm]");
    assertEquals(Main.OK, run(Long.MAX_VALUE, settings), err::toString);
    assertEquals(Main.OK, run(1, settings), err::toString);
  }
}
