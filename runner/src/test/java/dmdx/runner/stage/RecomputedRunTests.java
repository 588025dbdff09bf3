package dmdx.runner.stage;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dmdx.runner.plugin.PluginRegistry;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

@Tag("e2e")
class RecomputedRunTests {
  private static final String RECOMPUTE = "memory.recompute-activations=true";
  @TempDir static Path folder;
  private static TinyRun tiny;

  @BeforeAll
  static void laysOutTheTeachers() throws IOException {
    tiny = TinyRun.create(folder);
    for (TinyTeacher teacher : TinyTeacher.values()) {
      teacher.write(folder);
    }
  }

  private static TrainedStates states(String run, String stage) throws IOException {
    return TrainedStates.of(tiny, run, stage);
  }

  /** Runs as {@code <name>}, and recomputing as {@code <name>-again}. */
  private static void runTwice(String name, List<String> settings, String... others) {
    List<String> all = new ArrayList<>(settings);
    all.addAll(
        List.of(
            "name=" + name,
            "adp.iterations=3",
            "adm.iterations=2",
            "adp.sample-every=0",
            "adm.sample-every=0"));
    tiny.run(all);
    all.addAll(List.of("name=" + name + "-again", RECOMPUTE));
    all.addAll(List.of(others));
    tiny.run(all);
  }

  /** The settings of ADP, then ADM. */
  private static List<String> both(TinyTeacher teacher, String name, String... more) {
    List<String> all =
        new ArrayList<>(teacher.adm(name, "stages=[collect,adp,adm]", "adm.start=adp"));
    all.addAll(List.of(more));
    return all;
  }

  @ParameterizedTest
  @CsvSource({
    "SDXL, full, fp32",
    "SDXL, lora, bf16",
    "SD3_MEDIUM, full, bf16",
    "SD3_MEDIUM, lora, fp32"
  })
  void both_stages_train_the_same_to_the_bit(TinyTeacher teacher, String mode, String precision)
      throws IOException {
    String name = "both-" + teacher + mode;
    runTwice(name, both(teacher, name, "student.mode=" + mode, "precision=" + precision));
    for (String stage : List.of("adp", "adm")) {
      states(name, stage).assertSame(states(name + "-again", stage));
    }
  }

  static Stream<Arguments> teachers() {
    return Stream.of(TinyTeacher.values())
        .flatMap(
            teacher ->
                Stream.of("full", "lora")
                    .flatMap(
                        mode ->
                            Stream.of("fp32", "bf16")
                                .map(precision -> Arguments.of(teacher, mode, precision))));
  }

  /**
   * To the bit, but for the bias of SD3's text: its gradient in float32 is a sum over tokens, whose
   * order depends on how the gradient lies in memory.
   */
  @ParameterizedTest
  @MethodSource("teachers")
  void every_teacher_gives_the_same_student_fake_score_and_heads(
      TinyTeacher teacher, String mode, String precision) throws IOException {
    String name = teacher + mode + precision;
    runTwice(name, teacher.adm(name, "student.mode=" + mode, "precision=" + precision));
    TrainedStates kept = states(name, "adm");
    TrainedStates again = states(name + "-again", "adm");
    if (teacher.name().startsWith("SD3") && mode.equals("full") && precision.equals("fp32")) {
      kept.assertTrained();
      kept.assertClose(again, 1e-7);
    } else {
      kept.assertSame(again);
    }
  }

  @ParameterizedTest
  @CsvSource({"SDXL, full", "SD35_MEDIUM, lora", "COGVIDEOX_5B, full"})
  void so_do_roles_that_lie_on_disk(TinyTeacher teacher, String mode) throws IOException {
    String name = "disk" + teacher;
    runTwice(
        name,
        teacher.adm(name, "student.mode=" + mode),
        "optimizer-defaults.offload=disk",
        "scratch=" + folder.resolve("scratch"));
    states(name, "adm").assertSame(states(name + "-again", "adm"));
  }

  /**
   * Heads see two batches and collect gradients of two micro-batches, which are added in another
   * order. ADM has rates of zero, since an optimizer's first steps have the size of the rate
   * however small a gradient is: where it is nothing but rounding, so is the step's sign.
   */
  @Test
  void micro_batches_give_the_same_gradients_but_for_rounding() throws IOException {
    runTwice(
        "micro",
        both(
            TinyTeacher.SDXL,
            "micro",
            "student.mode=lora",
            "adp.micro-batch=1",
            "adm.micro-batch=1",
            "adm.student.learning-rate=0",
            "adm.fake.learning-rate=0",
            "adm.discriminator.learning-rate=0"));
    states("micro", "adp").assertClose(states("micro-again", "adp"), 1e-5);
    states("micro", "adm").assertClose(states("micro-again", "adm"), 1e-3);
  }

  @Test
  void micro_batches_without_heads_train_the_same_to_the_bit() throws IOException {
    runTwice(
        "dmd",
        TinyTeacher.SDXL.adm("dmd", "adm.divergence=dmd", "adm.batch=2", "adm.micro-batch=1"));
    states("dmd", "adm").assertSame(states("dmd-again", "adm"));
  }

  @Test
  void the_setting_is_off_unless_given() {
    for (boolean given : new boolean[] {false, true}) {
      String[] more = given ? new String[] {RECOMPUTE} : new String[0];
      List<String> overrides = TinyTeacher.SDXL.adm("setting", more);
      RunSettings settings =
          RunSettings.from(tiny.config(overrides), folder, PluginRegistry.discover(List.of()));
      assertEquals(given, settings.memory().recomputesActivations());
    }
  }
}
