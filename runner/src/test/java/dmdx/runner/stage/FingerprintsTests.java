package dmdx.runner.stage;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import com.typesafe.config.Config;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class FingerprintsTests {
  @TempDir Path folder;
  private TinyRun tiny;

  @BeforeEach
  void laysOutARun() throws IOException {
    tiny = TinyRun.create(folder);
  }

  private Fingerprint of(String stage, String... overrides) {
    return new Fingerprints().of(stage, tiny.config(List.of(overrides)));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "adm.divergence=dmd",
        "adm.ttur=4",
        "adm.student.learning-rate=1",
        "name=other",
        "runs=elsewhere",
        "stages=[adp]",
        "evaluate.steps=9",
        "sample.steps=9",
        "adp.log-every=1",
        "training-defaults.checkpoint-every=9",
        "grid-prompts=1",
      })
  void what_follows_a_stage_has_no_part_in_it(String override) {
    assertEquals(of("adp"), of("adp", override));
    assertEquals(of("collect"), of("collect", override));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "adp.iterations=5",
        "adp.latent-weight=0.5",
        "adp.student.learning-rate=1",
        "adp.divergence=rectified-flow",
        "student.ema=0",
        "student.mode=lora",
        "adversarial=softplus",
        "latent-discriminator.conv.blocks=2",
        "pixel-discriminator.sam.layers=[1]",
      })
  void what_adp_reads_changes_adp_and_not_the_pairs(String override) {
    assertNotEquals(of("adp"), of("adp", override));
    assertEquals(of("collect"), of("collect", override));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "seed=5",
        "collect.steps=3",
        "collect.guidance=[2,4]",
        "teacher.size=[32,32]",
        "teacher.sample-batch=2",
        "teacher.sdxl.anything=1",
        "prompts.list=[a]",
        "precision=bf16",
        "memory.recompute-activations=true",
        "a-setting-of-tomorrow=1",
      })
  void what_the_pairs_follow_from_changes_both(String override) {
    assertNotEquals(of("adp"), of("adp", override));
    assertNotEquals(of("collect"), of("collect", override));
  }

  @Test
  void every_byte_of_a_file_that_is_named_counts() throws IOException {
    Fingerprint collect = of("collect");
    Fingerprint adp = of("adp");
    Path sam = folder.resolve("sam/config.json");
    Files.writeString(sam, Files.readString(sam) + " ");
    assertEquals(collect, of("collect"));
    Fingerprint withOtherSam = of("adp");
    assertNotEquals(adp.hash(), withOtherSam.hash());
    assertEquals(List.of(sam.toString()), withOtherSam.differences(adp.parts()));
    Path teacher = folder.resolve("teacher/unet/config.json");
    Files.writeString(teacher, Files.readString(teacher) + " ");
    assertNotEquals(collect, of("collect"));
    assertNotEquals(withOtherSam, of("adp"));
  }

  @Test
  void what_differs_is_named() throws IOException {
    Fingerprint before = of("adp");
    Path readme = Files.writeString(folder.resolve("teacher/README.md"), "unrelated");
    Fingerprint now = of("adp", "adp.iterations=5");
    assertEquals(List.of(readme.toString(), "adp.iterations"), now.differences(before.parts()));
    assertEquals(List.of(), now.differences(now.parts()));
  }

  @Test
  void the_same_text_in_another_folder_is_another_teacher() throws IOException {
    Path elsewhere = Files.createDirectories(folder.resolve("elsewhere"));
    Path other = Files.createDirectories(elsewhere.resolve("teacher"));
    Files.writeString(other.resolve("weights"), "other");
    Path file = elsewhere.resolve("run.conf");
    Files.writeString(file, "include \"../run.conf\"\nteacher.path = teacher\n");
    Config changed = TinyRun.load(file, List.of());
    assertNotEquals(of("collect"), new Fingerprints().of("collect", changed));
  }
}
