package dmdx.runner.stage;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.lang.ProcessBuilder.Redirect;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What a stage takes, beside what is predicted of it. */
@Tag("e2e")
class PredictedPeakTests {
  @TempDir static Path folder;
  private static TinyRun tiny;

  /** Predicts and measures one stage, in a process whose memory nothing else has used. */
  static final class Main {
    private Main() {}

    public static void main(String[] args) {
      TinyRun tiny = TinyRun.in(Path.of(args[0]));
      String stage = args[1];
      List<String> settings = List.of(args).subList(2, args.length);
      StageMemory predicted = TinyRun.stage(stage, tiny.memory(settings));
      List<String> small = new ArrayList<>(settings);
      small.addAll(
          List.of("runs=" + args[0] + "/small", stage + ".batch=1", stage + ".micro-batch=1"));
      tiny.run(small); // what a process takes once is there after this
      System.gc();
      double before = ResidentMemory.mebibytes().orElseThrow();
      ResidentMemory.resetPeak();
      tiny.run(settings);
      long grown = ResidentMemory.peakBytes() - Math.round(before * (1 << 20));
      System.out.println((double) grown / (predicted.total() - predicted.process()));
    }
  }

  @BeforeAll
  static void pretrainsTheTeacher() throws IOException {
    assumeTrue(
        Files.isWritable(Path.of("/proc/self/clear_refs")), "the system does not tell the peak");
    tiny = TinyRun.create(folder);
    tiny.pretrain();
  }

  /**
   * Some 120 to 420 MiB, nearly all of them activations. Where they are computed again, gaps that
   * freed tensors leave are a larger part.
   *
   * @param least times the prediction
   * @param most times the prediction
   */
  @ParameterizedTest
  @CsvSource({
    "adm, false, 128, 0.75, 1.5",
    "adm, true, 128, 0.75, 2.2",
    "adp, false, 64, 0.75, 1.5",
    "adp, true, 128, 0.75, 2.2",
  })
  void the_real_peak_is_near_the_prediction(
      String stage, boolean recomputed, int batch, double least, double most) throws Exception {
    List<String> arguments = new ArrayList<>(List.of(folder.toString(), stage));
    arguments.addAll(
        tiny.distilling(
            "name=%s-%s".formatted(stage, recomputed),
            "stages=" + (stage.equals("adm") ? "[adm]" : "[collect,adp]"),
            "teacher.size=[64,64]",
            "student.ema=0",
            "memory.recompute-activations=" + recomputed,
            "adp.velocity-warmup=0",
            "adm.start=teacher",
            stage + ".iterations=1",
            stage + ".sample-every=0",
            stage + ".batch=" + batch,
            stage + ".micro-batch=" + batch));
    Process process =
        TinyProcess.of(List.of("-Xmx256m", "-XX:+UseSerialGC"), Main.class, arguments)
            .redirectError(Redirect.INHERIT)
            .start();
    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertEquals(0, process.waitFor());
    double ratio = Double.parseDouble(said.strip());
    assertTrue(
        least < ratio && ratio < most, "the peak is %s times the prediction".formatted(said));
  }
}
