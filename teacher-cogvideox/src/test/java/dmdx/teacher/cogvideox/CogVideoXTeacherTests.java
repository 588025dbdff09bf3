package dmdx.teacher.cogvideox;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import com.typesafe.config.ConfigFactory;
import dmdx.api.CheckpointException;
import dmdx.api.Component;
import dmdx.api.Conditioning;
import dmdx.api.Diffusion;
import dmdx.api.FeatureTap;
import dmdx.api.GuidanceRange;
import dmdx.api.ImageSize;
import dmdx.api.Precision;
import dmdx.api.StudentSampling;
import dmdx.api.Teacher;
import dmdx.api.TeacherProvider;
import dmdx.api.TeacherProvider.OpenRequest;
import dmdx.api.network.Passes;
import dmdx.api.settings.SettingsException;
import dmdx.nn.contract.ServiceContract;
import dmdx.nn.contract.TeacherContract;
import dmdx.nn.parity.ReferenceNetworkProvider;
import dmdx.nn.schedule.DdimSampler;
import dmdx.nn.schedule.SchedulerConfig;
import dmdx.nn.weights.ForwardPass;
import dmdx.nn.weights.ModelConfig;
import dmdx.nn.weights.Noise;
import dmdx.nn.weights.TrainableWeights;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class CogVideoXTeacherTests {
  /** Latents of 3 frames of 4x6. */
  private static final ImageSize SIZE = new ImageSize(16, 24, 9);

  private static final List<String> PROMPTS = List.of("a red kite", "a blue kite");
  private static final String FILE = "transformer/diffusion_pytorch_model.safetensors";

  @TempDir Path folder;

  private Path pipeline(boolean rotary) throws IOException {
    return TinyPipeline.writeAll(folder.resolve("pipeline"), rotary);
  }

  private static Component component(Teacher teacher, String name) {
    return Objects.requireNonNull(teacher.components().get(name), name);
  }

  private static Passes passes(Teacher teacher, NDManager manager) {
    return name -> ForwardPass.of(component(teacher, name).weights(), manager);
  }

  /** Videos of {@link #PROMPTS} in three guided steps. */
  private static float[] sample(Teacher teacher, String sampler) {
    try (NDManager manager = NDManager.newBaseManager()) {
      Passes passes = passes(teacher, manager);
      Conditioning text = teacher.conditioner().encode(passes, PROMPTS, SIZE);
      Conditioning both = teacher.conditioner().unconditional(passes, 2, SIZE).concat(text);
      NDArray noise = Noise.of(7).gaussian(manager, teacher.codec().latentShape(2, SIZE));
      NDArray latents =
          teacher
              .sampler(sampler, 3)
              .sample(
                  (x, t) -> {
                    NDArray times = manager.full(new Shape(4), (float) t);
                    NDArray out =
                        teacher
                            .denoiser()
                            .forward(passes.of("transformer"), x.concat(x, 0), times, both);
                    return Diffusion.guide(out.get("0:2"), out.get("2:4"), new double[] {6, 6});
                  },
                  noise);
      assertEquals(noise.getShape(), latents.getShape());
      NDArray video = teacher.codec().decode(passes.of("vae"), latents);
      assertEquals(new Shape(2, 3, 9, 16, 24), video.getShape());
      return video.toFloatArray();
    }
  }

  @Test
  void keeps_what_teachers_promise() throws IOException {
    assertEquals(
        List.of(),
        ServiceContract.problems(
            CogVideoXTeacher.class.getModule(),
            TeacherProvider.class,
            ReferenceNetworkProvider.class));
    TeacherProvider provider = new CogVideoXTeacherProvider();
    OpenRequest request = new OpenRequest(pipeline(true), false, 1);
    assertEquals(
        List.of(),
        TeacherContract.problems(
            provider, ConfigFactory.empty(), settings -> provider.open(request, settings), SIZE));
  }

  @ParameterizedTest
  @CsvSource({"false, ddim", "true, dpm"})
  void samples_what_the_prompts_ask_for_and_exports_an_equal_teacher(boolean rotary, String sampler)
      throws IOException {
    Path exported = folder.resolve("out/exported");
    try (Teacher teacher = TinyPipeline.open(pipeline(rotary), false, 1)) {
      float[] videos = sample(teacher, sampler);
      for (float value : videos) {
        assertTrue(Float.isFinite(value));
      }
      int half = videos.length / 2;
      assertFalse(
          Arrays.equals(
              Arrays.copyOf(videos, half), Arrays.copyOfRange(videos, half, videos.length)));
      assertArrayEquals(videos, sample(teacher, sampler));
      teacher.export(exported, Map.of(), Precision.FP32, null);
      try (Teacher again = TinyPipeline.open(exported, false, 2)) {
        assertArrayEquals(videos, sample(again, sampler));
      }
    }
    assertFalse(Files.exists(exported.resolve("dmdx_student.json")));
    assertEquals("free", Files.readString(exported.resolve("LICENSE")));
    ModelConfig index = ModelConfig.read(exported.resolve("model_index.json"));
    assertEquals("CogVideoXPipeline", index.text("_class_name", ""));
    assertEquals("CogVideoXDDIMScheduler", index.texts("scheduler", List.of()).get(1));
    assertEquals(
        -1, Files.mismatch(folder.resolve("pipeline").resolve(FILE), exported.resolve(FILE)));
    try (Stream<Path> siblings = Files.list(folder.resolve("out"))) {
      assertEquals(List.of(exported), siblings.toList(), "nothing is left aside");
    }
  }

  @Test
  void conditions_on_t5_alone() throws IOException {
    try (Teacher teacher = TinyPipeline.open(pipeline(false), false, 1);
        NDManager manager = NDManager.newBaseManager()) {
      Passes passes = passes(teacher, manager);
      Conditioning text = teacher.conditioner().encode(passes, PROMPTS, SIZE);
      assertEquals(Set.of("encoder_hidden_states"), text.tensors().keySet());
      NDArray hidden = text.get("encoder_hidden_states");
      assertEquals(new Shape(2, 6, 24), hidden.getShape());
      assertNotEquals(hidden.get("0"), hidden.get("1"));
      NDArray empty =
          teacher.conditioner().unconditional(passes, 3, SIZE).get("encoder_hidden_states");
      assertEquals(new Shape(3, 6, 24), empty.getShape());
      assertEquals(empty.get("0"), empty.get("2"));
      assertTrue(empty.abs().max().getFloat() > 0);
    }
  }

  @Test
  void encodes_and_decodes_videos() throws IOException {
    try (Teacher teacher = TinyPipeline.open(pipeline(true), false, 1);
        NDManager manager = NDManager.newBaseManager()) {
      Passes passes = passes(teacher, manager);
      Shape latent = teacher.codec().latentShape(1, SIZE);
      assertEquals(new Shape(1, 4, 3, 4, 6), latent);
      assertEquals(4, teacher.codec().stride());
      NDArray video = Noise.of(3).gaussian(manager, new Shape(1, 3, 9, 16, 24));
      NDArray encoded = teacher.codec().encode(passes.of("vae"), video);
      assertEquals(latent, encoded.getShape());
      assertEquals(video.getShape(), teacher.codec().decode(passes.of("vae"), encoded).getShape());
      for (ImageSize wrong :
          List.of(new ImageSize(16, 20, 9), new ImageSize(12, 24, 9), new ImageSize(16, 24, 8))) {
        assertThrows(IllegalArgumentException.class, () -> teacher.codec().latentShape(1, wrong));
      }
    }
  }

  @Test
  void shows_every_third_block_as_a_video_map() throws IOException {
    try (Teacher teacher = TinyPipeline.open(pipeline(true), false, 1);
        NDManager manager = NDManager.newBaseManager()) {
      assertEquals(
          List.of(
              new FeatureTap("transformer_blocks.0", 32, 2, 3),
              new FeatureTap("transformer_blocks.3", 32, 2, 3)),
          teacher.taps());
      ForwardPass pass =
          ForwardPass.recording(
              component(teacher, "transformer").weights(),
              manager,
              Set.of("transformer_blocks.0", "transformer_blocks.3"));
      Conditioning text =
          teacher.conditioner().encode(passes(teacher, manager), List.of("a kite"), SIZE);
      NDArray x = Noise.of(1).gaussian(manager, teacher.codec().latentShape(1, SIZE));
      NDArray y = teacher.denoiser().forward(pass, x, manager.full(new Shape(1), 500f), text);
      assertEquals(x.getShape(), y.getShape());
      for (FeatureTap tap : teacher.taps()) {
        assertEquals(new Shape(1, 32, 3, 2, 3), pass.tap(tap.name()).getShape());
      }
    }
  }

  @Test
  void an_exported_student_steps_along_its_timesteps() throws IOException {
    Path exported = folder.resolve("student");
    try (Teacher teacher = TinyPipeline.open(pipeline(false), false, 1);
        NDManager manager = NDManager.newBaseManager()) {
      TrainableWeights student =
          TrainableWeights.copyOf(
              teacher.denoiser(), component(teacher, "transformer").weights(), manager);
      student.flat().addi(0.5f);
      double[] steps = teacher.studentTimesteps(8);
      assertArrayEquals(new double[] {999, 874, 749, 624, 499, 374, 249, 124}, steps);
      teacher.export(
          exported,
          Map.of("transformer", student),
          Precision.FP32,
          new StudentSampling("velocity", "teacher", Arrays.stream(steps).boxed().toList(), 1));
      SchedulerConfig scheduler =
          SchedulerConfig.read(exported.resolve("scheduler/scheduler_config.json"));
      assertArrayEquals(
          Arrays.stream(steps).mapToInt(t -> (int) t).toArray(),
          new DdimSampler(scheduler, 8).timesteps());
      try (Teacher again = TinyPipeline.open(exported, false, 1)) {
        String name = "proj_out.weight";
        assertEquals(student.get(name), component(again, "transformer").weights().get(name));
        assertEquals(teacher.schedule().alpha(500), again.schedule().alpha(500));
      }
    }
    assertTrue(Files.exists(exported.resolve("dmdx_student.json")));
  }

  @Test
  void is_a_velocity_model_that_starts_from_pure_noise() throws IOException {
    Path configs = TinyPipeline.writeConfigs(folder.resolve("fresh"), false);
    try (Teacher teacher = TinyPipeline.open(configs, true, 1)) {
      assertEquals(0, teacher.schedule().alpha(999));
      assertEquals(1, teacher.schedule().sigma(999));
      assertTrue(teacher.schedule().alpha(0) > 0.99);
      assertEquals("velocity", teacher.parameterization().name());
      assertEquals("ddim", teacher.defaultSampler());
      assertArrayEquals(new double[] {999}, teacher.studentTimesteps(1));
      assertEquals(new GuidanceRange(5, 7), teacher.recommendedGuidance());
      assertEquals(6, teacher.guidance(6, 999, 50));
      IllegalArgumentException e =
          assertThrows(IllegalArgumentException.class, () -> teacher.sampler("euler", 4));
      assertTrue(String.valueOf(e.getMessage()).contains("ddim, dpm"), e.toString());
    }
  }

  @Test
  void guidance_follows_the_timestep_where_asked_to() throws IOException {
    Path configs = TinyPipeline.writeConfigs(folder.resolve("fresh"), false);
    try (Teacher teacher = TinyPipeline.open(configs, true, 1, "dynamic-guidance = true")) {
      assertEquals(1, teacher.guidance(6, 50, 50), 1e-12);
      assertEquals(7, teacher.guidance(6, 0, 50), 1e-12);
      assertEquals(1 + 6 * (1 - Math.cos(Math.PI / 32)) / 2, teacher.guidance(6, 25, 50), 1e-12);
      double late = teacher.guidance(6, 999, 50);
      assertTrue(late >= 1 && late <= 7, "is " + late);
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "transformer/config.json | \"text_embed_dim\": 24 | \"text_embed_dim\": 16 | text_embed_dim",
        "transformer/config.json | CogVideoXTransformer3DModel | Other | _class_name",
        "transformer/config.json | \"in_channels\": 4 | \"in_channels\": 8 | in_channels",
        "vae/config.json | CogVideoXUpBlock3D | UpDecoderBlock2D | up_block_types",
        "vae/config.json | \"latent_channels\": 4 | \"latent_channels\": 8 | latent_channels",
        "text_encoder/config.json | \"vocab_size\": 120 | \"vocab_size\": 60 | vocab_size",
        "scheduler/scheduler_config.json | v_prediction | epsilon | prediction_type",
        "scheduler/scheduler_config.json | CogVideoXDDIM | FlowMatchEulerDiscrete | _class_name"
      })
  void names_the_file_that_does_not_fit(String file, String old, String replacement, String key)
      throws IOException {
    Path pipeline = TinyPipeline.writeConfigs(folder.resolve("broken"), true);
    String text = Files.readString(pipeline.resolve(file));
    assertTrue(text.contains(old));
    Files.writeString(pipeline.resolve(file), text.replace(old, replacement));
    CheckpointException e =
        assertThrows(CheckpointException.class, () -> TinyPipeline.open(pipeline, true, 1));
    assertTrue(String.valueOf(e.getMessage()).contains(key), e.toString());
    assertTrue(String.valueOf(e.getMessage()).contains("broken"), e.toString());
  }

  @Test
  void names_all_missing_folders_at_once() throws IOException {
    Path empty = Files.createDirectories(folder.resolve("empty"));
    Files.createDirectories(empty.resolve("vae"));
    CheckpointException e =
        assertThrows(CheckpointException.class, () -> TinyPipeline.open(empty, false, 1));
    String message = String.valueOf(e.getMessage());
    assertTrue(
        message.contains("no folder text_encoder, tokenizer, transformer, scheduler"), message);
  }

  @Test
  void refuses_settings_it_does_not_know() throws IOException {
    Path pipeline = TinyPipeline.writeConfigs(folder.resolve("fresh"), true);
    SettingsException e =
        assertThrows(
            SettingsException.class,
            () -> TinyPipeline.open(pipeline, true, 1, "dynamic-cfg = true"));
    assertTrue(String.valueOf(e.getMessage()).contains("dynamic-guidance"), e.toString());
  }
}
