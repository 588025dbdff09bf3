package dmdx.runner.stage;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dmdx.runner.report.MetricsLog;
import dmdx.runner.train.DivergenceException;
import dmdx.runner.train.StopRequest;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.lang.ProcessBuilder.Redirect;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.function.ToDoubleFunction;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@Tag("e2e")
class KilledRunTests {
  private static final int KILLS = 3;

  /** The process that is killed. */
  static final class Main {
    private Main() {}

    public static void main(String[] args) {
      TinyRun tiny = TinyRun.in(Path.of(args[0]));
      tiny.run(List.of(args).subList(1, args.length));
    }
  }

  /** The process that is asked to stop while it is in the second iteration. */
  static final class Stopping {
    private Stopping() {}

    public static void main(String[] args) {
      SimpleMeterRegistry meters =
          new SimpleMeterRegistry() {
            @Override
            protected <T> Gauge newGauge(Meter.Id id, T of, ToDoubleFunction<T> value) {
              if (id.getName().equals("dmdx.iteration")) {
                StopRequest.make(); // the first line of the log was written
              }
              return super.newGauge(id, of, value);
            }
          };
      TinyRun tiny = TinyRun.in(Path.of(args[0]));
      List<String> settings = List.of(args).subList(1, args.length);
      try (Pipeline pipeline = tiny.pipeline(settings, meters)) {
        assertThrows(StopRequest.Stopped.class, pipeline::run);
      }
    }
  }

  @Test
  void a_run_that_is_asked_to_stop_misses_nothing_that_is_due(@TempDir Path folder)
      throws Exception {
    TinyRun tiny = TinyRun.create(folder);
    tiny.pretrain();
    List<String> settings =
        tiny.distilling(
            "stages=[adm]",
            "adm.start=teacher",
            "adm.log-every=1",
            "adm.sample-every=2",
            "monitor={every=2, prompts=3, samples-per-prompt=4, steps=2, guidance=2,"
                + " metrics=[attributes], attributes.classifier=classifier,"
                + " best=attributes.frechet, use-best=true,"
                + " stop={\"score/attributes.frechet\" {above=1e9}}}");
    tiny.run(with(settings, "name=straight"));
    for (String iterations : List.of("adm.iterations=4", "adm.iterations=2")) {
      String name = "stopped-" + iterations;
      List<String> stopped = with(with(settings, "name=" + name), iterations);
      assertEquals(0, start(Stopping.class, folder, stopped).waitFor());
      assertEquals(2, lines(tiny, name).size());
      tiny.run(stopped);
      assertTrue(Files.exists(tiny.runFolder(name).resolve("adm/samples/00000002.png")));
    }
    for (int line = 0; line < 4; line++) {
      assertEquals(score(tiny, "straight", line), score(tiny, "stopped-adm.iterations=4", line));
    }
    String student = "adm/student/diffusion_pytorch_model.safetensors";
    assertArrayEquals(
        Files.readAllBytes(tiny.runFolder("straight").resolve(student)),
        Files.readAllBytes(tiny.runFolder("stopped-adm.iterations=4").resolve(student)));
  }

  private static List<Map<String, Double>> lines(TinyRun tiny, String run) {
    return MetricsLog.lines(tiny.runFolder(run).resolve("adm").resolve(MetricsLog.FILE));
  }

  private static Optional<Double> score(TinyRun tiny, String run, int line) {
    return Optional.ofNullable(lines(tiny, run).get(line).get("score/attributes.frechet"));
  }

  @Test
  void a_rule_counts_the_lines_before_a_stop(@TempDir Path folder) throws Exception {
    TinyRun tiny = TinyRun.create(folder);
    tiny.pretrain();
    List<String> settings =
        tiny.distilling(
            "name=ruled",
            "stages=[adm]",
            "adm.start=teacher",
            "adm.log-every=1",
            "monitor.stop={\"margin/critic\" {below=1e9, lines=4}}");
    assertEquals(0, start(Stopping.class, folder, settings).waitFor());
    DivergenceException ended = assertThrows(DivergenceException.class, () -> tiny.run(settings));
    assertTrue(ended.getMessage().contains("in 4 lines of the log in a row"), ended::getMessage);
  }

  @Test
  void a_run_killed_at_random_moments_ends_with_the_same_bytes(@TempDir Path folder)
      throws Exception {
    TinyRun tiny = TinyRun.create(folder);
    tiny.pretrain();
    List<String> settings =
        tiny.distilling(
            "stages=[collect,adp,adm]",
            "adp.iterations=40",
            "adm.iterations=40",
            "adp.checkpoint-every=3",
            "adm.checkpoint-every=3",
            "adp.sample-every=0",
            "adm.sample-every=0");
    tiny.run(with(settings, "name=straight"));

    Random moments = new Random(11);
    for (int kill = 0; kill < KILLS; kill++) {
      Process process = start(Main.class, folder, with(settings, "name=killed"));
      long before = progress(tiny.runFolder("killed"));
      while (process.isAlive() && progress(tiny.runFolder("killed")) == before) {
        Thread.sleep(5);
      }
      Thread.sleep(moments.nextInt(200));
      assertTrue(process.isAlive(), "the run ended before it could be killed");
      process.destroyForcibly().waitFor();
    }
    Process last = start(Main.class, folder, with(settings, "name=killed"));
    assertTrue(last.waitFor(120, TimeUnit.SECONDS), "the last run does not end");
    assertEquals(0, last.exitValue());
    for (String stage : List.of("adp", "adm")) {
      String file = stage + "/student/diffusion_pytorch_model.safetensors";
      assertArrayEquals(
          Files.readAllBytes(tiny.runFolder("straight").resolve(file)),
          Files.readAllBytes(tiny.runFolder("killed").resolve(file)));
    }
  }

  @Test
  void a_killed_evaluation_goes_on_with_the_next_model(@TempDir Path folder) throws Exception {
    TinyRun tiny = TinyRun.create(folder);
    tiny.pretrain();
    List<String> settings =
        tiny.distilling("stages=[evaluate]", "evaluate.samples-per-prompt=40", "evaluate.batch=4");
    tiny.run(with(settings, "name=straight"));
    Path finished = tiny.runFolder("killed").resolve("evaluate/finished.json");
    Process process = start(Main.class, folder, with(settings, "name=killed"));
    while (process.isAlive()
        && !(Files.exists(finished) && Files.readString(finished).contains("teacher"))) {
      Thread.sleep(2);
    }
    process.destroyForcibly().waitFor();
    assertTrue(
        Files.notExists(tiny.runFolder("killed").resolve("evaluation.json")),
        "the run ended before it could be killed");
    byte[] reference =
        Files.readAllBytes(finished.resolveSibling("reference-attributes.safetensors"));
    tiny.run(with(settings, "name=killed"));
    assertArrayEquals(
        reference, Files.readAllBytes(finished.resolveSibling("reference-attributes.safetensors")));
    assertEquals(
        Files.readString(tiny.runFolder("straight").resolve("evaluation.json")),
        Files.readString(tiny.runFolder("killed").resolve("evaluation.json")));
  }

  private static List<String> with(List<String> settings, String more) {
    List<String> all = new ArrayList<>(settings);
    all.add(more);
    return all;
  }

  /** Changes whenever a checkpoint is finished. */
  private static long progress(Path run) throws IOException {
    long sum = 0;
    for (String stage : List.of("adp", "adm")) {
      Path checkpoints = run.resolve(stage).resolve("checkpoints");
      if (Files.isDirectory(checkpoints)) {
        try (Stream<Path> names = Files.list(checkpoints)) {
          sum +=
              names
                  .map(p -> p.getFileName().toString())
                  .filter(name -> name.matches("\\d+"))
                  .mapToLong(Long::parseLong)
                  .max()
                  .orElse(0);
        }
      }
    }
    return sum;
  }

  private static Process start(Class<?> main, Path folder, List<String> overrides)
      throws IOException {
    List<String> arguments = new ArrayList<>(List.of(folder.toString()));
    arguments.addAll(overrides);
    return TinyProcess.of(List.of(), main, arguments)
        .redirectErrorStream(true)
        .redirectOutput(Redirect.appendTo(folder.resolve("process.log").toFile()))
        .start();
  }
}
