package dmdx.runner.stage;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.typesafe.config.ConfigFactory;
import dmdx.api.CheckpointException;
import dmdx.api.ImageSize;
import dmdx.api.settings.SettingsException;
import dmdx.nn.weights.SafetensorsFile;
import dmdx.runner.checkpoint.Folders;
import dmdx.runner.plugin.PluginRegistry;
import dmdx.runner.train.DivergenceException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

@Tag("e2e")
class PipelineTests {
  @TempDir static Path folder;
  private static TinyRun tiny;

  @BeforeAll
  static void pretrainsTheTeacher() throws IOException {
    tiny = TinyRun.create(folder);
    tiny.pretrain();
  }

  private static byte[] student(String run, String stage) throws IOException {
    return Files.readAllBytes(
        tiny.runFolder(run).resolve(stage).resolve("student/diffusion_pytorch_model.safetensors"));
  }

  /** What the paper leaves open can be set otherwise. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "adp|adp.fresh-noise=false",
        "adp|adversarial-mean=logits",
        "adp|latent-discriminator.conditional=false",
        "adm|latent-discriminator.conditional=false",
        "adm|adm.time-range=[0.02,0.98]",
        "adm|student.timesteps=[949]",
      })
  void a_decided_setting_makes_another_student(String stage, String setting) throws IOException {
    String name = "decided-" + stage + "-" + setting.replaceAll("\\W", "");
    List<String> stages =
        stage.equals("adp")
            ? List.of("stages=[collect,adp]", "latent-discriminator.conv.blocks=1")
            : List.of("stages=[adm]", "adm.start=teacher");
    String usual = "decided-" + stage;
    List<String> settings = new ArrayList<>(tiny.distilling(stages.toArray(String[]::new)));
    settings.add("name=" + usual);
    tiny.run(settings);
    settings.set(settings.size() - 1, "name=" + name);
    settings.add(setting);
    tiny.run(settings);
    assertFalse(Arrays.equals(student(usual, stage), student(name, stage)));
  }

  @ParameterizedTest
  @ValueSource(strings = {"[999,499]", "[999.5]", "[0]", "[1000]"})
  void times_that_are_not_the_schedules_are_refused(String times) {
    String problem = problem("name=times", "student.timesteps=" + times);
    assertTrue(
        problem.contains("'student.timesteps' is [") && problem.contains("Give 1 time, falling"),
        problem);
  }

  @Test
  void choosing_another_plugin_is_one_setting() {
    tiny.pipeline(tiny.distilling("latent-discriminator.heads=mlp")).close();
    String problem = problem("name=unknown", "latent-discriminator.cnv.blocks=1");
    assertTrue(problem.contains("unknown key 'latent-discriminator.cnv'"), problem);
    assertTrue(problem("name=own", "hinge.margin=2").contains("'hinge.margin'"));
  }

  /** A map of 4 x 4 is too small for four blocks. */
  @Test
  void regression_on_pairs_needs_no_discriminator() {
    tiny.run(
        tiny.distilling(
            "name=headless",
            "stages=[collect,adp]",
            "adp.divergence=rectified-flow",
            "latent-discriminator.conv={channels=8, groups=8, blocks=4}"));
  }

  @Test
  void a_run_leaves_no_file_open() throws IOException {
    Path open = Path.of("/proc/self/fd");
    assumeTrue(Files.isDirectory(open));
    tiny.run(tiny.distilling("name=open", "stages=[collect,adp,adm]", "adm.fake.offload=disk"));
    try (Stream<Path> files = Files.list(open)) {
      List<String> left =
          files
              .filter(Files::isSymbolicLink)
              .map(PipelineTests::target)
              .filter(target -> target.startsWith(folder.toString()))
              .toList();
      assertEquals(List.of(), left);
    }
  }

  private static String target(Path link) {
    try {
      return Files.readSymbolicLink(link).toString();
    } catch (IOException e) {
      return ""; // closed since
    }
  }

  @Test
  void runs_every_stage_and_leaves_its_results() throws IOException {
    tiny.run(tiny.distilling("name=whole"));
    Path run = tiny.runFolder("whole");
    for (String file :
        List.of(
            "config.conf",
            "collect/manifest.json",
            "collect/pairs-00001.safetensors",
            "adp/metrics.jsonl",
            "adp/samples/00000004.png",
            "adm/metrics.jsonl",
            "comparison.png",
            "evaluation.json",
            "export/model_index.json",
            "export/unet/diffusion_pytorch_model.safetensors")) {
      assertTrue(Files.isRegularFile(run.resolve(file)), file);
    }
    JsonNode scores = new ObjectMapper().readTree(run.resolve("evaluation.json").toFile());
    assertEquals(4, scores.size());
    assertEquals("teacher, 2 steps", scores.get(0).path("model").asText());
    assertEquals("after ADM", scores.get(3).path("model").asText());
    assertTrue(scores.get(3).path("attributes").path("frechet").asDouble() > 0);
    List<String> lines = Files.readAllLines(run.resolve("adm/metrics.jsonl"));
    assertEquals(2, lines.size());
    JsonNode last = new ObjectMapper().readTree(lines.get(1));
    for (String metric :
        List.of(
            "loss/fake",
            "loss/student",
            "loss/discriminator",
            "margin/critic",
            "dmd-loss",
            "count/probe-non_finite_gradients")) {
      assertTrue(last.has(metric), metric + " in " + lines.get(1));
    }
  }

  @Test
  void the_comparison_is_drawn_again_only_if_something_it_shows_has_changed() throws IOException {
    List<String> settings =
        tiny.distilling("name=compared", "stages=[adm,sample]", "adm.start=teacher");
    tiny.run(settings);
    Path picture = tiny.runFolder("compared").resolve("comparison.png");
    Files.writeString(picture, "drawn");
    try (Pipeline pipeline = tiny.pipeline(settings)) {
      assertEquals(List.of(), pipeline.memoryLeft());
      pipeline.run();
    }
    assertEquals("drawn", Files.readString(picture));
    tiny.run(join(settings, "sample.columns=2"));
    byte[] two = Files.readAllBytes(picture);
    assertFalse(java.util.Arrays.equals("drawn".getBytes(UTF_8), two));
    tiny.run(join(settings, "stages=[sample]"));
    assertFalse(java.util.Arrays.equals(two, Files.readAllBytes(picture)));
  }

  private static List<String> join(List<String> settings, String more) {
    return Stream.concat(settings.stream(), Stream.of(more)).toList();
  }

  @Test
  void guidance_of_scale_1_is_neither_computed_nor_counted() throws IOException {
    tiny.run(tiny.distilling("name=scale-1", "stages=[evaluate]", "evaluate.guidance=1"));
    tiny.run(tiny.distilling("name=scale-2", "stages=[evaluate]"));
    assertEquals(2, evaluations("scale-1"));
    assertEquals(4, evaluations("scale-2"));
    assertTrue(collectionOf("collect.guidance=[1,1]").contains(": 12 evaluations"));
    assertTrue(collectionOf("collect.guidance=[1,2]").contains(": 24 evaluations"));
  }

  private static int evaluations(String run) throws IOException {
    return new ObjectMapper()
        .readTree(tiny.runFolder(run).resolve("evaluation.json").toFile())
        .path(0)
        .path("evaluations")
        .asInt();
  }

  private static String collectionOf(String setting) {
    try (Pipeline pipeline = tiny.pipeline(tiny.distilling("stages=[collect]", setting))) {
      return pipeline.outline().get(0).notes().toString();
    }
  }

  @Test
  void an_interrupted_run_ends_with_the_same_bytes() throws IOException {
    tiny.run(tiny.distilling("name=straight", "stages=[collect,adp,adm]"));
    tiny.run(tiny.distilling("name=halted", "stages=[collect,adp,adm]"));
    Path halted = tiny.runFolder("halted");
    assertArrayEquals(student("straight", "adm"), student("halted", "adm"));
    for (String stage : List.of("adp", "adm")) {
      TestFolders.delete(halted.resolve(stage).resolve("student"));
      TestFolders.delete(halted.resolve(stage).resolve("checkpoints/00000004"));
    }
    TestFolders.delete(halted.resolve("export"));
    Files.delete(halted.resolve("collect/pairs-00001.safetensors"));
    tiny.run(tiny.distilling("name=halted", "stages=[collect,adp,adm]"));
    assertArrayEquals(student("straight", "adp"), student("halted", "adp"));
    assertArrayEquals(student("straight", "adm"), student("halted", "adm"));
  }

  @ParameterizedTest
  @ValueSource(strings = {"adm", "dmd", "fisher", "js-skew", "softplus-gan"})
  void divergences_are_swapped_by_one_line(String divergence) throws IOException {
    String name = "divergence-" + divergence;
    tiny.run(
        tiny.distilling(
            "name=" + name, "stages=[adm]", "adm.start=teacher", "adm.divergence=" + divergence));
    assertTrue(student(name, "adm").length > 0);
  }

  @Test
  void the_pixel_discriminator_is_swapped_by_the_configuration() throws IOException {
    tiny.run(
        tiny.distilling(
            "name=dinov2",
            "stages=[collect,adp]",
            "pixel-discriminator=null", // SAM's settings go
            "pixel-discriminator={plugin=dinov2, path=dinov2, heads=conv,"
                + " dinov2 {layers=[1, 2], image-size=16},"
                + " conv {channels=8, groups=4, blocks=1}}"));
    assertTrue(student("dinov2", "adp").length > 0);
  }

  @Test
  void adp_regresses_velocities_when_told_to() throws IOException {
    tiny.run(
        tiny.distilling(
            "name=regression", "stages=[collect,adp]", "adp.divergence=rectified-flow"));
    assertTrue(student("regression", "adp").length > 0);
  }

  @Test
  void a_student_of_several_steps_is_trained_on_its_own_rollout() throws IOException {
    tiny.run(
        tiny.distilling(
            "name=steps", "stages=[adm]", "adm.start=teacher", "student.steps=3", "adm.ttur=2"));
    JsonNode sampling =
        new ObjectMapper()
            .readTree(tiny.runFolder("steps").resolve("adm/student/dmdx_student.json").toFile());
    assertEquals(3, sampling.path("timesteps").size());
  }

  @Test
  void a_student_keeps_guidance_at_a_lower_scale() throws IOException {
    List<String> guided =
        tiny.distilling(
            "name=guided",
            "stages=[adm,evaluate]",
            "adm.start=teacher",
            "adm.guidance=[4,6]",
            "student.steps=2",
            "student.guidance-offset=2");
    tiny.run(guided);
    Path run = tiny.runFolder("guided");
    JsonNode sampling =
        new ObjectMapper().readTree(run.resolve("export/dmdx_student.json").toFile());
    assertEquals(3, sampling.path("guidance").asDouble());
    JsonNode scores = new ObjectMapper().readTree(run.resolve("evaluation.json").toFile());
    assertEquals(4, scores.get(2).path("evaluations").asInt(), "two steps, two evaluations each");
    tiny.run(
        tiny.distilling(
            "name=unguided",
            "stages=[adm]",
            "adm.start=teacher",
            "adm.guidance=[4,6]",
            "student.steps=2"));
    assertFalse(
        java.util.Arrays.equals(student("guided", "adm"), student("unguided", "adm")),
        "guidance changes what the student learns");
  }

  @Test
  void rejects_an_offset_that_leaves_no_guidance() {
    String low =
        problem("stages=[adm]", "adm.start=teacher", "student.guidance-offset=2", "name=low");
    assertTrue(low.contains("'student.guidance-offset' is 2.0"), low);
    String start =
        problem("stages=[adm]", "adm.guidance=[4,6]", "student.guidance-offset=2", "name=start");
    assertTrue(start.contains("'adm.start' is adp"), start);
  }

  private static String problem(String... overrides) {
    return assertThrows(SettingsException.class, () -> tiny.run(tiny.distilling(overrides)))
        .getMessage();
  }

  @Test
  void micro_batches_fit_where_the_batch_does_not() throws IOException {
    tiny.run(
        tiny.distilling(
            "name=micro", "stages=[adm]", "adm.start=teacher", "adm.batch=4", "adm.micro-batch=2"));
    assertTrue(student("micro", "adm").length > 0);
  }

  @Test
  void adp_refuses_pairs_of_another_seed() {
    tiny.run(tiny.distilling("name=pairs", "stages=[collect]"));
    Path manifest = tiny.runFolder("pairs").resolve("collect/manifest.json");
    CheckpointException error =
        assertThrows(
            CheckpointException.class,
            () -> {
              Files.writeString(
                  manifest,
                  Files.readString(manifest)
                      .replaceAll("\"teacher\" : \"..", "\"teacher\" : \"xx"));
              tiny.run(tiny.distilling("name=pairs", "stages=[adp]"));
            });
    assertTrue(error.getMessage().contains("these pairs were made otherwise"), error.getMessage());
  }

  @Test
  void refuses_to_go_on_with_other_settings() {
    tiny.run(tiny.distilling("name=fixed", "stages=[collect]"));
    SettingsException error =
        assertThrows(
            SettingsException.class,
            () -> tiny.run(tiny.distilling("name=fixed", "stages=[collect]", "collect.steps=3")));
    assertTrue(error.getMessage().contains("'collect.steps' was 2 and is 3"), error.getMessage());
  }

  @Test
  void reports_all_problems_of_a_configuration_together() {
    SettingsException error =
        assertThrows(
            SettingsException.class,
            () ->
                tiny.pipeline(
                    tiny.distilling(
                        "adm.guidence=[2,3]", "collect.pairs=2.5", "adm.student.betas=[0]")));
    assertEquals(3, error.problems().size(), error.getMessage());
    assertTrue(error.getMessage().contains("Did you mean 'guidance'"), error.getMessage());
  }

  @Test
  void stages_are_named_once_and_in_order() {
    for (String stages : List.of("[adm,adp]", "[adp,adp]", "[pretrain,collect]")) {
      SettingsException error =
          assertThrows(
              SettingsException.class,
              () -> tiny.pipeline(tiny.distilling("stages=" + stages)).close());
      assertTrue(error.getMessage().contains("'stages' has"), error.getMessage());
    }
  }

  @Test
  void pretraining_refuses_an_output_folder_with_other_files() throws IOException {
    Files.writeString(Files.createDirectories(folder.resolve("taken")).resolve("notes"), "mine");
    SettingsException error =
        assertThrows(
            SettingsException.class,
            () -> tiny.run(List.of("stages=[pretrain]", "name=again", "pretrain.output=taken")));
    assertTrue(error.getMessage().contains("holds other files, such as notes"), error.getMessage());
  }

  @Test
  void a_divergence_that_needs_pairs_is_refused_before_anything_runs() {
    SettingsException error =
        assertThrows(
            SettingsException.class,
            () ->
                tiny.run(
                    tiny.distilling(
                        "name=pairless", "stages=[adm]", "adm.divergence=rectified-flow")));
    assertTrue(error.getMessage().contains("learns from ODE pairs"), error.getMessage());
    assertTrue(Files.notExists(tiny.runFolder("pairless")));
  }

  @Test
  void a_divergence_through_both_scores_is_refused_if_the_fake_one_is_constant() {
    SettingsException error =
        assertThrows(
            SettingsException.class,
            () ->
                tiny.run(
                    tiny.distilling(
                        "name=constant",
                        "stages=[adm]",
                        "adm.start=teacher",
                        "adm.divergence=fisher",
                        "adm.through-fake=false")));
    assertTrue(error.getMessage().contains("Set it to true"), error.getMessage());
    assertTrue(Files.notExists(tiny.runFolder("constant")));
  }

  @Test
  void adp_refuses_a_collection_that_was_cut_short() throws IOException {
    tiny.run(tiny.distilling("name=short", "stages=[collect]"));
    Files.delete(tiny.runFolder("short").resolve("collect/pairs-00001.safetensors"));
    CheckpointException error =
        assertThrows(
            CheckpointException.class,
            () -> tiny.run(tiny.distilling("name=short", "stages=[adp]")));
    assertTrue(error.getMessage().contains("1 of 2 shards are there"), error.getMessage());
  }

  @Test
  void an_exported_student_draws_with_the_sampler_of_its_own() throws IOException {
    tiny.run(tiny.distilling("name=exported", "stages=[collect,adp]"));
    Path export = tiny.runFolder("exported").resolve("export");
    try (PipelineSampler sampler =
            new PipelineSampler(
                PluginRegistry.discover(List.of()).teacher("sdxl"),
                export,
                null,
                ConfigFactory.empty(),
                Device.cpu());
        NDManager manager = NDManager.newBaseManager()) {
      assertTrue(sampler.isStudent());
      PipelineSampler.Guided unused = new PipelineSampler.Guided(2, 2);
      ImageSize size = ImageSize.square(16);
      NDArray twice = sampler.sample(TinyRun.PROMPTS, size, 5, unused, manager);
      NDArray again = sampler.sample(TinyRun.PROMPTS, size, 5, unused, manager);
      assertEquals(new Shape(3, 3, 16, 16), twice.getShape());
      assertArrayEquals(twice.toFloatArray(), again.toFloatArray());
      NDArray other = sampler.sample(TinyRun.PROMPTS, size, 6, unused, manager);
      assertTrue(twice.sub(other).abs().max().getFloat() > 0);
    }
  }

  private static final List<String> LORA =
      List.of(
          "stages=[collect,adp,adm]",
          "student.mode=lora",
          "student.lora={rank=2, alpha=4}",
          "student.ema=0");

  private static List<String> lora(String name) {
    List<String> overrides = tiny.distilling("name=" + name);
    overrides.addAll(LORA);
    return overrides;
  }

  private static float[] drawn(Path teacher, Path adapters) {
    try (PipelineSampler sampler =
            new PipelineSampler(
                PluginRegistry.discover(List.of()).teacher("sdxl"),
                teacher,
                adapters,
                ConfigFactory.empty(),
                Device.cpu());
        NDManager manager = NDManager.newBaseManager()) {
      PipelineSampler.Guided unused = new PipelineSampler.Guided(2, 2);
      return sampler
          .sample(TinyRun.PROMPTS, ImageSize.square(16), 5, unused, manager)
          .toFloatArray();
    }
  }

  @Test
  void adapters_are_trained_over_the_shared_teacher_and_merged_on_request() throws IOException {
    tiny.run(lora("lora"));
    Path export = tiny.runFolder("lora").resolve("export");
    Path file = export.resolve("pytorch_lora_weights.safetensors");
    try (SafetensorsFile adapters = SafetensorsFile.open(file)) {
      assertTrue(
          adapters.entries().keySet().stream()
              .allMatch(name -> name.matches("unet\\..*\\.attn[12]\\..*\\.lora_[AB]\\.weight")),
          adapters.entries().keySet().toString());
    }
    Path merged = folder.resolve("merged");
    try (Pipeline pipeline = tiny.pipeline(lora("lora"))) {
      pipeline.export(merged, null, true, null);
      assertThrows(SettingsException.class, () -> pipeline.export(merged, null, true, null));
    }
    float[] teacher = drawn(folder.resolve("trained"), null);
    float[] separate = drawn(folder.resolve("trained"), export);
    assertArrayEquals(separate, drawn(merged, null), 1e-4f);
    assertFalse(java.util.Arrays.equals(teacher, separate));
  }

  @Test
  void interrupted_adapters_end_with_the_same_bytes() throws IOException {
    tiny.run(lora("lora-straight"));
    tiny.run(lora("lora-halted"));
    Path halted = tiny.runFolder("lora-halted");
    for (String stage : List.of("adp", "adm")) {
      TestFolders.delete(halted.resolve(stage).resolve("student"));
      TestFolders.delete(halted.resolve(stage).resolve("checkpoints/00000004"));
    }
    TestFolders.delete(halted.resolve("export"));
    tiny.run(lora("lora-halted"));
    String file = "export/pytorch_lora_weights.safetensors";
    assertArrayEquals(
        Files.readAllBytes(tiny.runFolder("lora-straight").resolve(file)),
        Files.readAllBytes(halted.resolve(file)));
  }

  @Test
  void rejects_adapters_for_modules_the_teacher_does_not_have() {
    String problem =
        problem(
            "stages=[adm]",
            "adm.start=teacher",
            "student.mode=lora",
            "student.lora.targets=[to_q, to_kk]",
            "name=untargeted");
    assertTrue(problem.contains("'student.lora.targets'"), problem);
    assertTrue(problem.contains("to_kk"), problem);
  }

  @Test
  void the_student_is_scored_in_training_and_the_best_one_is_handed_on() throws IOException {
    List<String> settings =
        tiny.distilling(
            "name=monitored",
            "stages=[adm]",
            "adm.start=teacher",
            "monitor={every=2, prompts=3, samples-per-prompt=4, steps=2, guidance=2,"
                + " metrics=[attributes], attributes.classifier="
                + folder.resolve("classifier")
                + ", best=attributes.frechet, use-best=true}");
    long predicted;
    try (Pipeline pipeline = tiny.pipeline(settings)) {
      predicted = pipeline.filesLeft().get(0).files().kept();
    }
    tiny.run(settings);
    Path run = tiny.runFolder("monitored");
    long written = Folders.size(run.resolve("adm")) + Folders.size(run.resolve("export"));
    assertEquals(predicted, written, 0.1 * predicted);
    Path adm = tiny.runFolder("monitored").resolve("adm");
    for (String line : Files.readAllLines(adm.resolve("metrics.jsonl"))) {
      assertTrue(
          new ObjectMapper().readTree(line).path("score/attributes.frechet").asDouble() > 0, line);
    }
    JsonNode best = new ObjectMapper().readTree(adm.resolve("best/best.json").toFile());
    assertEquals("attributes.frechet", best.path("score").asText());
    assertArrayEquals(
        Files.readAllBytes(adm.resolve("best/diffusion_pytorch_model.safetensors")),
        student("monitored", "adm"));
  }

  @Test
  void a_broken_rule_ends_the_run_and_keeps_the_checkpoint() {
    DivergenceException error =
        assertThrows(
            DivergenceException.class,
            () ->
                tiny.run(
                    tiny.distilling(
                        "name=ruled",
                        "stages=[adm]",
                        "adm.start=teacher",
                        "adm.iterations=6",
                        "monitor.stop={\"loss/fake\" {above=-1, lines=2}}")));
    assertTrue(error.getMessage().contains("'loss/fake' is "), error.getMessage());
    assertTrue(
        error.getMessage().contains("The checkpoint of iteration 2 is kept."), error.getMessage());
    assertTrue(Files.exists(tiny.runFolder("ruled").resolve("adm/checkpoints/00000002")));
    assertTrue(Files.notExists(tiny.runFolder("ruled").resolve("adm/checkpoints/00000004")));
  }

  private static final String MONITOR =
      "every=2, prompts=3, samples-per-prompt=4, steps=2, guidance=2, metrics=[attributes]";

  private static String monitor(String more) {
    return "monitor={%s, attributes.classifier=%s, %s}"
        .formatted(MONITOR, folder.resolve("classifier"), more);
  }

  @Test
  void the_reference_of_scores_in_training_is_drawn_once() throws IOException {
    String[] settings = {"name=referred", "stages=[collect,adp,adm]", monitor("")};
    tiny.run(tiny.distilling(settings));
    Path run = tiny.runFolder("referred");
    Path reference = run.resolve("monitor/reference-attributes.safetensors");
    Path log = run.resolve("adm/metrics.jsonl");
    String score = scored(log);
    FileTime old = FileTime.fromMillis(1_000_000_000_000L);
    Files.setLastModifiedTime(reference, old);
    interrupt(run);
    tiny.run(tiny.distilling(settings));
    assertEquals(old, Files.getLastModifiedTime(reference), "read, not drawn");
    assertEquals(score, scored(log));

    interrupt(run);
    settings[2] = monitor("steps=3");
    tiny.run(tiny.distilling(settings));
    assertNotEquals(old, Files.getLastModifiedTime(reference), "another reference");
    assertNotEquals(score, scored(log));
  }

  private static void interrupt(Path run) throws IOException {
    TestFolders.delete(run.resolve("adm/student"));
    TestFolders.delete(run.resolve("adm/checkpoints/00000004"));
  }

  private static String scored(Path log) throws IOException {
    List<String> lines = Files.readAllLines(log);
    JsonNode last = new ObjectMapper().readTree(lines.get(lines.size() - 1));
    return last.path("score/attributes.frechet").asText();
  }

  @Test
  void a_rule_for_a_score_that_nothing_computes_is_refused_before_training() throws IOException {
    String without = problem("stages=[adm]", "monitor.stop={\"score/x\" {above=1}}", "name=mute");
    assertTrue(without.contains("'monitor.every' is 0"), without);
    String problem =
        problem(
            "stages=[adm]",
            "adm.start=teacher",
            monitor("stop={\"score/attributes.freshet\" {above=1}, \"loss/fakes\" {above=1}}"),
            "name=misruled");
    assertTrue(problem.contains("Did you mean 'score/attributes.frechet'?"), problem);
    assertTrue(problem.contains("'loss/fakes', which is never logged"), problem);
    assertTrue(problem.contains("loss/fake,"), problem);
    Path log = tiny.runFolder("misruled").resolve("adm/metrics.jsonl");
    assertTrue(Files.notExists(log), "before training");
  }

  @Test
  void a_rule_for_a_metric_that_was_never_logged_is_an_error_after_training() {
    String[] settings = {
      "name=unruled",
      "stages=[collect,adp,adm]",
      "monitor.stop={\"margin/latent\" {above=1e9}, \"margin/critics\" {above=1}}"
    };
    String problem = problem(settings);
    assertTrue(problem.contains("'margin/critics', which is never logged"), problem);
    assertTrue(problem.contains("Did you mean 'margin/critic'?"), problem);
    assertFalse(problem.contains("for 'margin/latent'"), "the stage before logs it");
    settings[2] = "monitor.stop={\"margin/critic\" {above=1e9}}";
    tiny.run(tiny.distilling(settings));
  }

  @Test
  void a_value_that_is_no_number_breaks_every_rule() {
    MonitorSettings.StopRule rule =
        new MonitorSettings.StopRule("x", 10, Double.NEGATIVE_INFINITY, 1);
    assertTrue(rule.isBroken(Double.NaN));
    assertEquals("which is no number", rule.broken(Double.NaN));
    assertEquals("above 10.0", rule.broken(11));
  }

  @Test
  void rejects_a_best_score_that_nothing_computes() {
    String problem = problem("stages=[adm]", "monitor.best=attributes.frechet", "name=unscored");
    assertTrue(problem.contains("'every' is 0"), problem);
  }

  @Test
  void the_outline_lists_roles_without_loading_weights() {
    try (Pipeline pipeline = tiny.pipeline(tiny.distilling("name=outline"))) {
      StageOutline adm = pipeline.outline().get(2);
      assertEquals("adm", adm.stage());
      assertEquals(
          List.of("teacher", "student", "fake", "discriminator"),
          adm.roles().stream().map(StageOutline.RoleOutline::role).toList());
    }
    assertTrue(Files.notExists(tiny.runFolder("outline")));
  }
}
