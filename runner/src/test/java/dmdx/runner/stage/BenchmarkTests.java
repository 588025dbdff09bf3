package dmdx.runner.stage;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@Tag("e2e")
class BenchmarkTests {
  @TempDir static Path folder;
  private static TinyRun tiny;

  @BeforeAll
  static void writesTeachers() throws IOException {
    tiny = TinyRun.create(folder);
    for (TinyTeacher teacher :
        List.of(TinyTeacher.SDXL, TinyTeacher.SD35_MEDIUM, TinyTeacher.COGVIDEOX_5B)) {
      teacher.write(folder);
    }
  }

  private static List<Benchmark.Result> benchmark(TinyTeacher teacher, String... more) {
    try (Pipeline pipeline = tiny.pipeline(teacher.adm("benchmark", more))) {
      return pipeline.benchmark();
    }
  }

  private static List<String> names(List<Benchmark.Result> results) {
    return results.stream().map(Benchmark.Result::name).toList();
  }

  @ParameterizedTest
  @CsvSource({"SDXL, full, fp32", "SD35_MEDIUM, full, bf16", "COGVIDEOX_5B, lora, fp32"})
  void every_result_has_kernels_that_sum_up(TinyTeacher teacher, String mode, String precision) {
    List<Benchmark.Result> results =
        benchmark(teacher, "student.mode=" + mode, "precision=" + precision);
    assertEquals(7, results.size());
    for (Benchmark.Result result : results) {
      assertTrue(result.seconds() > 0 && result.kernelSeconds() > 0, result::toString);
      assertTrue(result.flops() > 0 && result.peakBytes() != 0, result::toString);
      double sum = result.kernels().values().stream().mapToDouble(seconds -> seconds).sum();
      assertEquals(sum, result.kernelSeconds(), 1e-9 * sum, result.name());
    }
    assertTrue(results.get(1).flops() > 2 * results.get(0).flops(), results::toString);
    assertTrue(results.get(2).flops() > results.get(1).flops(), results::toString);
    assertEquals(
        results.subList(3, 6).stream().mapToLong(Benchmark.Result::flops).sum(),
        results.get(6).flops());
  }

  @Test
  void what_is_not_to_be_run_is_not_measured() {
    assertEquals(
        List.of("forward", "forward + backward", "forward + backward, recomputed"),
        names(benchmark(TinyTeacher.SD35_MEDIUM, "stages=[sample]")));
    assertEquals(
        List.of(
            "forward",
            "forward + backward",
            "forward + backward, recomputed",
            "update of fake",
            "iteration with every update"),
        names(benchmark(TinyTeacher.SD35_MEDIUM, "adm.fake-warmup=100")));
  }

  @Test
  void recomputing_costs_the_updates_further_operations() {
    List<Benchmark.Result> kept = benchmark(TinyTeacher.SD35_MEDIUM);
    List<Benchmark.Result> again =
        benchmark(TinyTeacher.SD35_MEDIUM, "memory.recompute-activations=true");
    assertEquals(names(kept), names(again));
    for (int i = 3; i < 5; i++) {
      assertTrue(kept.get(i).flops() < again.get(i).flops(), kept.get(i) + " " + again.get(i));
    }
  }
}
