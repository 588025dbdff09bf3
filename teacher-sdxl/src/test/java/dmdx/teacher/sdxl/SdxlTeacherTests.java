package dmdx.teacher.sdxl;

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
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SdxlTeacherTests {
  private static final ImageSize SIZE = ImageSize.square(16);
  private static final List<String> PROMPTS = List.of("a red shirt", "blue shoes!");

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
  private static float[] sample(Teacher teacher, String sampler) {
    try (NDManager manager = NDManager.newBaseManager()) {
      Passes passes = passes(teacher, manager);
      Conditioning text = teacher.conditioner().encode(passes, PROMPTS, SIZE);
      Conditioning empty = teacher.conditioner().unconditional(passes, 2, SIZE);
      Conditioning both = empty.concat(text);
      NDArray noise = Noise.of(7).gaussian(manager, teacher.codec().latentShape(2, SIZE));
      NDArray latents =
          teacher
              .sampler(sampler, 3)
              .sample(
                  (x, t) -> {
                    float[] times = {(float) t, (float) t, (float) t, (float) t};
                    NDArray out =
                        teacher
                            .denoiser()
                            .forward(
                                passes.of("unet"), x.concat(x, 0), manager.create(times), both);
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
            SdxlTeacher.class.getModule(), TeacherProvider.class, ReferenceNetworkProvider.class));
    TeacherProvider provider = new SdxlTeacherProvider();
    OpenRequest request = new OpenRequest(pipeline(), false, 1);
    assertEquals(
        List.of(),
        TeacherContract.problems(
            provider, ConfigFactory.empty(), settings -> provider.open(request, settings), SIZE));
  }

  @ParameterizedTest
  @CsvSource({"ddim", "euler"})
  void samples_deterministically_what_the_prompts_ask_for(String sampler) throws IOException {
    Path pipeline = pipeline();
    try (Teacher one = TinyPipeline.open(pipeline, false, 1);
        Teacher two = TinyPipeline.open(pipeline, false, 2)) {
      float[] pictures = sample(one, sampler);
      assertEquals(2 * 3 * 16 * 16, pictures.length);
      for (float value : pictures) {
        assertTrue(Float.isFinite(value));
      }
      assertArrayEquals(pictures, sample(one, sampler));
      assertArrayEquals(pictures, sample(two, sampler));
    }
  }

  @Test
  void conditions_on_both_encoders_and_the_size() throws IOException {
    try (Teacher teacher = TinyPipeline.open(pipeline(), false, 1);
        NDManager manager = NDManager.newBaseManager()) {
      Passes passes = passes(teacher, manager);
      ImageSize size = new ImageSize(16, 24, 1);
      Conditioning text = teacher.conditioner().encode(passes, PROMPTS, size);
      assertEquals(new Shape(2, 77, 20), text.get("encoder_hidden_states").getShape());
      assertEquals(new Shape(2, 12), text.get("text_embeds").getShape());
      float[] ids = {16, 24, 0, 0, 16, 24};
      assertArrayEquals(ids, text.get("time_ids").get(1).toFloatArray());
      assertNotEquals(text.get("text_embeds").get(0), text.get("text_embeds").get(1));

      Conditioning empty = teacher.conditioner().unconditional(passes, 3, size);
      assertEquals(new Shape(3, 77, 20), empty.get("encoder_hidden_states").getShape());
      assertEquals(0, empty.get("encoder_hidden_states").abs().max().getFloat());
      assertEquals(0, empty.get("text_embeds").abs().max().getFloat());
      assertArrayEquals(ids, empty.get("time_ids").get(2).toFloatArray());
    }
  }

  @Test
  void the_empty_prompt_is_encoded_where_zeros_are_not_wanted() throws IOException {
    String settings = "force-zeros-for-empty-prompt = no";
    try (Teacher teacher = TinyPipeline.open(pipeline(), false, 1, settings);
        NDManager manager = NDManager.newBaseManager()) {
      Passes passes = passes(teacher, manager);
      Conditioning empty = teacher.conditioner().unconditional(passes, 2, SIZE);
      Conditioning encoded = teacher.conditioner().encode(passes, List.of("", ""), SIZE);
      for (String name : encoded.tensors().keySet()) {
        assertEquals(encoded.get(name).getShape(), empty.get(name).getShape());
        assertTrue(encoded.get(name).allClose(empty.get(name), 1e-5, 1e-6, false), name);
      }
      assertTrue(empty.get("text_embeds").abs().max().getFloat() > 0);
    }
  }

  @Test
  void the_codec_scales_latents_and_knows_their_shape() throws IOException {
    try (Teacher teacher = TinyPipeline.open(pipeline(), false, 1);
        NDManager manager = NDManager.newBaseManager()) {
      ImageSize size = new ImageSize(16, 8, 1);
      assertEquals(new Shape(2, 4, 8, 4), teacher.codec().latentShape(2, size));
      NDArray pixels = Noise.of(1).gaussian(manager, new Shape(2, 3, 16, 8));
      NDArray latents = teacher.codec().encode(passes(teacher, manager).of("vae"), pixels);
      assertEquals(new Shape(2, 4, 8, 4), latents.getShape());
      NDArray back = teacher.codec().decode(passes(teacher, manager).of("vae"), latents);
      assertEquals(pixels.getShape(), back.getShape());
      assertThrows(
          IllegalArgumentException.class,
          () -> teacher.codec().latentShape(1, new ImageSize(15, 16, 1)));
      assertThrows(
          IllegalArgumentException.class,
          () -> teacher.codec().latentShape(1, new ImageSize(16, 16, 5)));
    }
  }

  @Test
  void students_start_from_the_noisiest_timestep() throws IOException {
    try (Teacher teacher = TinyPipeline.open(pipeline(), false, 1)) {
      assertArrayEquals(new double[] {999}, teacher.studentTimesteps(1));
      assertArrayEquals(new double[] {999, 749, 499, 249}, teacher.studentTimesteps(4));
      assertThrows(IllegalArgumentException.class, () -> teacher.studentTimesteps(1000));
      assertThrows(IllegalArgumentException.class, () -> teacher.sampler("heun", 4));
      assertEquals("noise", teacher.parameterization().name());
      assertEquals("ddim", teacher.defaultSampler());
      assertEquals(5, teacher.taps().size());
      assertEquals(
          List.of("text_encoder", "text_encoder_2", "unet", "vae"),
          List.copyOf(teacher.components().keySet()));
    }
  }

  @Test
  void fresh_weights_depend_on_the_seed_alone() throws IOException {
    Path pipeline = TinyPipeline.writeConfigs(folder.resolve("fresh"));
    try (Teacher one = TinyPipeline.open(pipeline, true, 1);
        Teacher same = TinyPipeline.open(pipeline, true, 1);
        Teacher other = TinyPipeline.open(pipeline, true, 2)) {
      String name = "conv_in.weight";
      NDArray weight = component(one, "unet").weights().get(name);
      assertEquals(weight, component(same, "unet").weights().get(name));
      assertNotEquals(weight, component(other, "unet").weights().get(name));
    }
    CheckpointException e =
        assertThrows(CheckpointException.class, () -> TinyPipeline.open(pipeline, false, 1));
    assertTrue(String.valueOf(e.getMessage()).contains("model.safetensors"), e.toString());
  }

  @Test
  void an_exported_teacher_opens_and_samples_the_same() throws IOException {
    Path exported = folder.resolve("out/exported");
    try (Teacher teacher = TinyPipeline.open(pipeline(), false, 1)) {
      teacher.export(exported, Map.of(), Precision.FP32, null);
      try (Teacher again = TinyPipeline.open(exported, false, 1)) {
        assertArrayEquals(sample(teacher, "ddim"), sample(again, "ddim"));
      }
    }
    assertFalse(Files.exists(exported.resolve("dmdx_student.json")));
    assertEquals("free", Files.readString(exported.resolve("LICENSE.md")));
    String file = "unet/diffusion_pytorch_model.safetensors";
    assertEquals(
        -1, Files.mismatch(folder.resolve("pipeline").resolve(file), exported.resolve(file)));
    try (var siblings = Files.list(folder.resolve("out"))) {
      assertEquals(List.of(exported), siblings.toList(), "nothing is left aside");
    }
  }

  @Test
  void an_exported_flow_student_keeps_the_teachers_schedule() throws IOException {
    Path exported = folder.resolve("student");
    try (Teacher teacher = TinyPipeline.open(pipeline(), false, 1);
        NDManager manager = NDManager.newBaseManager()) {
      TrainableWeights student =
          TrainableWeights.copyOf(
              teacher.denoiser(), component(teacher, "unet").weights(), manager);
      student.flat().muli(0.5f);
      teacher.export(
          exported,
          Map.of("unet", student),
          Precision.FP32,
          new StudentSampling("flow", "flow", List.of(1000.0, 500.0), 1));
      assertEquals(
          new FlowMatchConfig(1000, 1),
          FlowMatchConfig.read(exported.resolve("scheduler/scheduler_config.json")));
      ModelConfig index = ModelConfig.read(exported.resolve("model_index.json"));
      assertEquals(
          List.of("diffusers", "FlowMatchEulerDiscreteScheduler"),
          index.texts("scheduler", List.of()));
      ModelConfig sampling = ModelConfig.read(exported.resolve("dmdx_student.json"));
      assertEquals("flow", sampling.text("schedule", ""));
      assertEquals("flow", sampling.text("parameterization", ""));
      assertEquals("[1000.0,500.0]", sampling.json().get("timesteps").toString());

      try (Teacher again = TinyPipeline.open(exported, false, 1)) {
        assertEquals(teacher.schedule().alpha(500), again.schedule().alpha(500));
        assertEquals(
            student.get("conv_in.weight"),
            component(again, "unet").weights().get("conv_in.weight"));
        Path twice = folder.resolve("twice");
        again.export(twice, Map.of(), Precision.FP32, null);
        try (Teacher third = TinyPipeline.open(twice, false, 1)) {
          assertArrayEquals(sample(again, "euler"), sample(third, "euler"));
        }
      }
    }
  }

  @Test
  void an_exported_student_on_the_teachers_schedule_samples_trailing() throws IOException {
    Path exported = folder.resolve("student");
    try (Teacher teacher = TinyPipeline.open(pipeline(), false, 1)) {
      teacher.export(
          exported,
          Map.of(),
          Precision.FP32,
          new StudentSampling("velocity", "teacher", List.of(999.0), 1));
    }
    ModelConfig scheduler = ModelConfig.read(exported.resolve("scheduler/scheduler_config.json"));
    assertEquals("trailing", scheduler.text("timestep_spacing", ""));
    assertEquals("v_prediction", scheduler.text("prediction_type", ""));
    try (Teacher again = TinyPipeline.open(exported, false, 1)) {
      assertEquals("noise", again.parameterization().name());
    }
  }

  @Test
  void fresh_weights_are_written_and_read_back() throws IOException {
    Path pipeline = TinyPipeline.writeConfigs(folder.resolve("fresh"));
    Path exported = folder.resolve("exported");
    try (Teacher teacher = TinyPipeline.open(pipeline, true, 1)) {
      teacher.export(exported, Map.of(), Precision.FP32, null);
      try (Teacher again = TinyPipeline.open(exported, false, 5)) {
        assertArrayEquals(sample(teacher, "ddim"), sample(again, "ddim"));
      }
    }
  }

  @Test
  void a_variants_files_are_read_and_exported_under_their_plain_names() throws IOException {
    Path pipeline = pipeline();
    for (String file :
        List.of(
            "unet/diffusion_pytorch_model",
            "vae/diffusion_pytorch_model",
            "text_encoder/model",
            "text_encoder_2/model")) {
      Files.move(
          pipeline.resolve(file + ".safetensors"), pipeline.resolve(file + ".fp16.safetensors"));
    }
    Path exported = folder.resolve("exported");
    try (Teacher teacher = TinyPipeline.open(pipeline, false, 1, "variant = fp16")) {
      teacher.export(exported, Map.of(), Precision.FP32, null);
      try (Teacher again = TinyPipeline.open(exported, false, 1)) {
        assertArrayEquals(sample(teacher, "ddim"), sample(again, "ddim"));
      }
    }
  }

  @Test
  void never_writes_over_a_folder_with_content() throws IOException {
    Path pipeline = pipeline();
    try (Teacher teacher = TinyPipeline.open(pipeline, false, 1)) {
      assertThrows(
          CheckpointException.class,
          () -> teacher.export(pipeline, Map.of(), Precision.FP32, null));
      assertThrows(
          IllegalArgumentException.class,
          () ->
              teacher.export(
                  folder.resolve("new"),
                  Map.of("transformer", component(teacher, "unet").weights()),
                  Precision.FP32,
                  null));
      assertFalse(Files.exists(folder.resolve("new")));
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "unet/config.json | \"cross_attention_dim\": 20 | \"cross_attention_dim\": 24 | cross_attention_dim",
        "unet/config.json | UNet2DConditionModel | UNet3DConditionModel | _class_name",
        "unet/config.json | input_dim\": 36 | input_dim\": 40 | projection_class_embeddings_input_dim",
        "vae/config.json | \"latent_channels\": 4 | \"latent_channels\": 8 | latent_channels",
        "text_encoder_2/config.json | CLIPTextModelWithProjection | CLIPTextModel | architectures",
        "text_encoder/config.json | \"vocab_size\": 600 | \"vocab_size\": 60 | vocab_size",
        "text_encoder/config.json | \"eos_token_id\": 2 | \"eos_token_id\": 9 | eos_token_id",
        "scheduler/scheduler_config.json | epsilon | sample | prediction_type",
        "scheduler/scheduler_config.json | EulerDiscrete | FlowMatchEulerDiscrete | _class_name"
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
    Path empty = Files.createDirectories(folder.resolve("empty/vae"));
    CheckpointException e =
        assertThrows(
            CheckpointException.class,
            () -> TinyPipeline.open(empty.resolve("..").normalize(), false, 1));
    String message = String.valueOf(e.getMessage());
    assertTrue(message.contains("text_encoder") && message.contains("scheduler"), message);
    assertFalse(message.contains("no folder vae"), message);
  }

  @Test
  void refuses_settings_it_does_not_know() throws IOException {
    Path pipeline = TinyPipeline.writeConfigs(folder.resolve("fresh"));
    SettingsException e =
        assertThrows(
            SettingsException.class, () -> TinyPipeline.open(pipeline, true, 1, "smapler = ddim"));
    assertTrue(String.valueOf(e.getMessage()).contains("sampler"), e.toString());
  }
}
