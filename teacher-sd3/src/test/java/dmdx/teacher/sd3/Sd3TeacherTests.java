package dmdx.teacher.sd3;

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
import dmdx.api.FlowSchedule;
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
import dmdx.nn.schedule.FlowMatchConfig;
import dmdx.nn.weights.ForwardPass;
import dmdx.nn.weights.ModelConfig;
import dmdx.nn.weights.Noise;
import dmdx.nn.weights.TrainableWeights;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class Sd3TeacherTests {
  private static final ImageSize SIZE = ImageSize.square(16);
  private static final List<String> PROMPTS = List.of("a red shirt", "a blue shirt");
  private static final String FILE = "transformer/diffusion_pytorch_model.safetensors";

  @TempDir Path folder;

  private Path pipeline() throws IOException {
    return TinyPipeline.writeAll(folder.resolve("pipeline"));
  }

  private static Component component(Teacher teacher, String name) {
    return Objects.requireNonNull(teacher.components().get(name), name);
  }

  private static Passes passes(Teacher teacher, NDManager manager) {
    return name -> ForwardPass.of(component(teacher, name).weights(), manager);
  }

  /** Pictures of {@link #PROMPTS} in three guided steps. */
  private static float[] sample(Teacher teacher) {
    try (NDManager manager = NDManager.newBaseManager()) {
      Passes passes = passes(teacher, manager);
      Conditioning text = teacher.conditioner().encode(passes, PROMPTS, SIZE);
      Conditioning both = teacher.conditioner().unconditional(passes, 2, SIZE).concat(text);
      NDArray noise = Noise.of(7).gaussian(manager, teacher.codec().latentShape(2, SIZE));
      NDArray latents =
          teacher
              .sampler("euler", 3)
              .sample(
                  (x, t) -> {
                    NDArray times = manager.full(new Shape(4), (float) t);
                    NDArray out =
                        teacher
                            .denoiser()
                            .forward(passes.of("transformer"), x.concat(x, 0), times, both);
                    return Diffusion.guide(out.get("0:2"), out.get("2:4"), new double[] {3, 3});
                  },
                  noise);
      return teacher.codec().decode(passes.of("vae"), latents).toFloatArray();
    }
  }

  @Test
  void keeps_what_teachers_promise() throws IOException {
    assertEquals(
        List.of(),
        ServiceContract.problems(
            Sd3Teacher.class.getModule(), TeacherProvider.class, ReferenceNetworkProvider.class));
    TeacherProvider provider = new Sd3TeacherProvider();
    OpenRequest request = new OpenRequest(pipeline(), false, 1);
    assertEquals(
        List.of(),
        TeacherContract.problems(
            provider, ConfigFactory.empty(), settings -> provider.open(request, settings), SIZE));
  }

  @Test
  void samples_what_the_prompts_ask_for_and_exports_an_equal_teacher() throws IOException {
    Path exported = folder.resolve("out/exported");
    try (Teacher teacher = TinyPipeline.open(pipeline(), false, 1)) {
      float[] pictures = sample(teacher);
      assertEquals(2 * 3 * 16 * 16, pictures.length);
      for (float value : pictures) {
        assertTrue(Float.isFinite(value));
      }
      assertArrayEquals(pictures, sample(teacher));
      teacher.export(exported, Map.of(), Precision.FP32, null);
      try (Teacher again = TinyPipeline.open(exported, false, 2)) {
        assertArrayEquals(pictures, sample(again));
      }
    }
    assertFalse(Files.exists(exported.resolve("dmdx_student.json")));
    assertEquals("free", Files.readString(exported.resolve("LICENSE.md")));
    assertEquals(
        -1, Files.mismatch(folder.resolve("pipeline").resolve(FILE), exported.resolve(FILE)));
    try (Stream<Path> siblings = Files.list(folder.resolve("out"))) {
      assertEquals(List.of(exported), siblings.toList(), "nothing is left aside");
    }
  }

  @Test
  void conditions_on_three_encoders() throws IOException {
    String settings = "max-sequence-length = 9";
    try (Teacher teacher = TinyPipeline.open(pipeline(), false, 1, settings);
        NDManager manager = NDManager.newBaseManager()) {
      Passes passes = passes(teacher, manager);
      Conditioning text = teacher.conditioner().encode(passes, PROMPTS, SIZE);
      NDArray hidden = text.get("encoder_hidden_states");
      assertEquals(new Shape(2, 77 + 9, 24), hidden.getShape());
      assertEquals(0, hidden.get(":, :77, 20:").abs().max().getFloat());
      assertNotEquals(hidden.get("0, 77:"), hidden.get("1, 77:"));
      assertEquals(new Shape(2, 20), text.get("pooled_projections").getShape());

      Conditioning empty = teacher.conditioner().unconditional(passes, 3, SIZE);
      assertEquals(new Shape(3, 86, 24), empty.get("encoder_hidden_states").getShape());
      assertTrue(empty.get("pooled_projections").abs().max().getFloat() > 0);
    }
  }

  @Test
  void does_without_t5_where_told_to_or_where_there_is_none() throws IOException {
    Path exported = folder.resolve("exported");
    float[] pictures;
    try (Teacher teacher = TinyPipeline.open(pipeline(), false, 1, "t5 = no");
        NDManager manager = NDManager.newBaseManager()) {
      NDArray hidden =
          teacher
              .conditioner()
              .encode(passes(teacher, manager), PROMPTS, SIZE)
              .get("encoder_hidden_states");
      assertEquals(new Shape(2, 154, 24), hidden.getShape());
      assertEquals(0, hidden.get(":, 77:").abs().max().getFloat());
      pictures = sample(teacher);
      teacher.export(exported, Map.of(), Precision.FP32, null);
    }
    assertFalse(Files.exists(exported.resolve("tokenizer_3")));
    ModelConfig index = ModelConfig.read(exported.resolve("model_index.json"));
    assertEquals("[null,null]", index.json().get("text_encoder_3").toString());
    assertEquals("StableDiffusion3Pipeline", index.text("_class_name", ""));
    try (Teacher again = TinyPipeline.open(exported, false, 1)) {
      assertFalse(again.components().containsKey("text_encoder_3"));
      assertArrayEquals(pictures, sample(again));
    }
  }

  @Test
  void an_exported_student_keeps_the_shifted_schedule() throws IOException {
    Path exported = folder.resolve("student");
    String name = "proj_out.weight";
    try (Teacher teacher = TinyPipeline.open(pipeline(), false, 1);
        NDManager manager = NDManager.newBaseManager()) {
      TrainableWeights student =
          TrainableWeights.copyOf(
              teacher.denoiser(), component(teacher, "transformer").weights(), manager);
      student.flat().addi(0.5f);
      double[] steps = teacher.studentTimesteps(4);
      teacher.export(
          exported,
          Map.of("transformer", student),
          Precision.FP32,
          new StudentSampling("flow", "flow", java.util.Arrays.stream(steps).boxed().toList(), 1));
      FlowMatchConfig scheduler =
          FlowMatchConfig.read(exported.resolve("scheduler/scheduler_config.json"));
      assertEquals(new FlowMatchConfig(1000, 3), scheduler);
      for (int i = 0; i < 4; i++) {
        assertEquals(steps[i], 1000 * scheduler.sigmas(4)[i], 1e-9);
      }
      try (Teacher again = TinyPipeline.open(exported, false, 1)) {
        assertEquals(student.get(name), component(again, "transformer").weights().get(name));
        String table = "pos_embed.pos_embed";
        assertEquals(
            component(teacher, "transformer").weights().get(table),
            component(again, "transformer").weights().get(table));
      }
    }
    assertTrue(Files.exists(exported.resolve("dmdx_student.json")));
  }

  @Test
  void reads_and_copies_shards() throws IOException {
    Path pipeline = pipeline();
    Path plain = pipeline.resolve(FILE);
    float[] pictures;
    StringBuilder map = new StringBuilder();
    try (Teacher teacher = TinyPipeline.open(pipeline, false, 1)) {
      pictures = sample(teacher);
      for (String name : component(teacher, "transformer").weights().names()) {
        map.append(map.isEmpty() ? "" : ",")
            .append('"')
            .append(name)
            .append("\": \"a.safetensors\"");
      }
    }
    Files.move(plain, plain.resolveSibling("a.safetensors"));
    TinyPipeline.write(
        plain.resolveSibling("diffusion_pytorch_model.safetensors.index.json"),
        "{\"metadata\": {}, \"weight_map\": {" + map + "}}");
    Path exported = folder.resolve("exported");
    try (Teacher teacher = TinyPipeline.open(pipeline, false, 1)) {
      assertArrayEquals(pictures, sample(teacher));
      teacher.export(exported, Map.of(), Precision.FP32, null);
    }
    try (Teacher again = TinyPipeline.open(exported, false, 1)) {
      assertArrayEquals(pictures, sample(again));
    }
  }

  @Test
  void is_a_flow_from_the_noisiest_timestep() throws IOException {
    Path configs = TinyPipeline.writeConfigs(folder.resolve("fresh"));
    try (Teacher teacher = TinyPipeline.open(configs, true, 1)) {
      assertEquals(new FlowSchedule(1000), teacher.schedule());
      assertEquals("flow", teacher.parameterization().name());
      assertEquals("euler", teacher.defaultSampler());
      assertArrayEquals(new double[] {1000}, teacher.studentTimesteps(1), 1e-9);
      assertEquals(new GuidanceRange(6, 8), teacher.recommendedGuidance());
      assertEquals(2, teacher.taps().size());
      assertThrows(IllegalArgumentException.class, () -> teacher.sampler("ddim", 4));
      assertEquals(new Shape(2, 16, 8, 4), teacher.codec().latentShape(2, new ImageSize(16, 8, 1)));
      assertThrows(
          IllegalArgumentException.class,
          () -> teacher.codec().latentShape(1, new ImageSize(18, 16, 1)));
    }
    Path config = configs.resolve("transformer/config.json");
    String text = Files.readString(config);
    Files.writeString(config, text.replace("\"num_layers\": 2", "\"num_layers\": 38"));
    try (Teacher large = TinyPipeline.open(configs, true, 1)) {
      assertEquals(new GuidanceRange(3, 4), large.recommendedGuidance());
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "transformer/config.json | \"joint_attention_dim\": 24 | \"joint_attention_dim\": 16 | joint_attention_dim",
        "transformer/config.json | \"pooled_projection_dim\": 20 | \"pooled_projection_dim\": 21 | pooled_projection_dim",
        "transformer/config.json | SD3Transformer2DModel | Other | _class_name",
        "vae/config.json | \"latent_channels\": 16 | \"latent_channels\": 8 | latent_channels",
        "text_encoder/config.json | CLIPTextModelWithProjection | CLIPTextModel | architectures",
        "text_encoder_3/config.json | \"vocab_size\": 120 | \"vocab_size\": 60 | vocab_size",
        "text_encoder_3/config.json | \"d_model\": 24 | \"d_model\": 32 | d_model",
        "scheduler/scheduler_config.json | FlowMatchEulerDiscrete | EulerDiscrete | _class_name"
      })
  void names_the_file_that_does_not_fit(String file, String old, String replacement, String key)
      throws IOException {
    Path pipeline = TinyPipeline.writeConfigs(folder.resolve("broken"));
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
    assertTrue(message.contains("no folder text_encoder, text_encoder_2, tokenizer"), message);
    assertFalse(message.contains("text_encoder_3"), message);
  }

  @Test
  void refuses_settings_it_does_not_know() throws IOException {
    Path pipeline = TinyPipeline.writeConfigs(folder.resolve("fresh"));
    SettingsException e =
        assertThrows(
            SettingsException.class, () -> TinyPipeline.open(pipeline, true, 1, "t55 = no"));
    assertTrue(String.valueOf(e.getMessage()).contains("t5"), e.toString());
  }
}
