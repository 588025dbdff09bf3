package dmdx.runner.stage;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import com.fasterxml.jackson.databind.ObjectMapper;
import dmdx.api.Component;
import dmdx.api.Precision;
import dmdx.api.Teacher;
import dmdx.api.TeacherProvider;
import dmdx.api.TeacherProvider.OpenRequest;
import dmdx.api.network.Weights;
import dmdx.api.settings.Settings;
import dmdx.nn.text.SentencePieceModel;
import dmdx.nn.text.SentencePieceModel.Piece;
import dmdx.nn.text.SentencePieceModel.PieceType;
import dmdx.nn.weights.Noise;
import dmdx.nn.weights.TrainableWeights;
import dmdx.runner.plugin.PluginRegistry;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@Tag("e2e")
class CogVideoXPipelineTests {
  private static final Map<String, String> CONFIGS =
      Map.of(
          "transformer/config.json",
          """
          {"_class_name": "CogVideoXTransformer3DModel", "num_attention_heads": 1,
           "attention_head_dim": 16, "in_channels": 4, "out_channels": 4, "time_embed_dim": 8,
           "text_embed_dim": 20, "num_layers": 2, "sample_width": 12, "sample_height": 8,
           "max_text_seq_length": 4, "use_rotary_positional_embeddings": true}
          """,
          "vae/config.json",
          """
          {"_class_name": "AutoencoderKLCogVideoX", "block_out_channels": [4, 4, 4],
           "down_block_types": ["CogVideoXDownBlock3D", "CogVideoXDownBlock3D",
             "CogVideoXDownBlock3D"],
           "up_block_types": ["CogVideoXUpBlock3D", "CogVideoXUpBlock3D", "CogVideoXUpBlock3D"],
           "layers_per_block": 1, "latent_channels": 4, "norm_num_groups": 2}
          """,
          "text_encoder/config.json",
          """
          {"model_type": "t5", "vocab_size": 120, "d_model": 20, "d_kv": 4, "d_ff": 16,
           "num_layers": 1, "num_heads": 2, "feed_forward_proj": "gated-gelu"}
          """,
          "scheduler/scheduler_config.json",
          """
          {"_class_name": "CogVideoXDDIMScheduler", "prediction_type": "v_prediction",
           "rescale_betas_zero_snr": true, "snr_shift_scale": 1.0,
           "timestep_spacing": "trailing"}
          """);

  @TempDir Path folder;
  private TinyRun tiny;

  @BeforeEach
  void writeTeacher() throws IOException {
    tiny = TinyRun.create(folder);
    Path fresh = folder.resolve("fresh");
    for (Map.Entry<String, String> config : CONFIGS.entrySet()) {
      Path file = fresh.resolve(config.getKey());
      Files.createDirectories(file.resolve("..").normalize());
      Files.writeString(file, config.getValue());
    }
    Files.createDirectories(fresh.resolve("tokenizer"));
    new SentencePieceModel(
            List.of(
                new Piece("<pad>", 0, PieceType.CONTROL),
                new Piece("</s>", 0, PieceType.CONTROL),
                new Piece("<unk>", 0, PieceType.UNKNOWN),
                new Piece("\u2581red", -1, PieceType.NORMAL)),
            new byte[0],
            true,
            true)
        .write(fresh.resolve("tokenizer/spiece.model"));
    TeacherProvider provider = PluginRegistry.discover(List.of()).teacher("cogvideox");
    try (NDManager manager = NDManager.newBaseManager();
        Teacher teacher =
            provider.open(
                new OpenRequest(fresh, true, 1), Settings.of(provider.defaults(), folder))) {
      Map<String, Weights> moved = new LinkedHashMap<>();
      for (Component component : teacher.components().values()) {
        TrainableWeights weights =
            TrainableWeights.copyOf(component.network(), component.weights(), manager);
        NDArray noise = Noise.of(component.name()).gaussian(manager, weights.flat().getShape());
        weights.flat().addi(noise.muli(0.05f));
        moved.put(component.name(), weights);
      }
      teacher.export(folder.resolve("cogvideox"), moved, Precision.FP32, null);
    }
  }

  private Path run(String name, String... more) {
    List<String> all =
        new ArrayList<>(
            List.of(
                "name=" + name,
                "teacher.plugin=cogvideox",
                "teacher.path=cogvideox",
                "teacher.size=[16,24,9]",
                "latent-discriminator.conv.volume-blocks=1",
                "latent-discriminator.conv.frame-blocks=1"));
    all.addAll(List.of(more));
    tiny.run(all);
    return tiny.runFolder(name);
  }

  @Test
  void distils_a_video_teacher_to_two_steps() throws IOException {
    Path run = run("whole", "stages=[collect,adm]", "adm.start=teacher", "student.steps=2");
    Path weights = Path.of("transformer/diffusion_pytorch_model.safetensors");
    Path export = run.resolve("export");
    assertTrue(
        Files.mismatch(export.resolve(weights), folder.resolve("cogvideox").resolve(weights)) >= 0);
    var sampling = new ObjectMapper().readTree(export.resolve("dmdx_student.json").toFile());
    assertEquals(999, sampling.path("timesteps").path(0).asDouble());
    assertEquals(499, sampling.path("timesteps").path(1).asDouble());
    assertTrue(Files.size(run.resolve("adm/metrics.jsonl")) > 0);
  }

  @Test
  void the_preset_makes_an_eight_step_student() throws IOException {
    Path run = run("preset", "teacher.preset=cogvideox", "stages=[adm]", "adm.micro-batch=2");
    var sampling = new ObjectMapper().readTree(run.resolve("export/dmdx_student.json").toFile());
    assertEquals(8, sampling.path("timesteps").size());
  }

  @Test
  void vbench_finds_five_videos_of_every_prompt() throws IOException {
    Path run =
        run(
            "vbench",
            "stages=[evaluate]",
            "evaluate.metrics=null",
            "evaluate.vbench=true",
            "evaluate.samples-per-prompt=5",
            "evaluate.batch=3",
            "prompts.list=[a red square, a blue square]");
    for (String model : List.of("teacher-2-steps", "student-before")) {
      for (String prompt : List.of("a red square", "a blue square")) {
        for (int index = 0; index < 5; index++) {
          Path video = run.resolve("vbench/%s/%s-%d.mp4".formatted(model, prompt, index));
          assertTrue(Files.size(video) > 0, video.toString());
        }
      }
      try (Stream<Path> files = Files.list(run.resolve("vbench").resolve(model))) {
        assertEquals(10, files.count());
      }
    }
  }

  @Test
  void pairs_are_solved_under_the_teachers_own_rule_of_guidance() throws IOException {
    byte[] pairs = pairs(run("fixed", "stages=[collect]"));
    byte[] again = pairs(run("again", "stages=[collect]"));
    byte[] dynamic =
        pairs(run("dynamic", "stages=[collect]", "teacher.cogvideox.dynamic-guidance=true"));
    assertEquals(-1, java.util.Arrays.mismatch(pairs, again));
    assertTrue(java.util.Arrays.mismatch(pairs, dynamic) >= 0);
  }

  /** The first shard of a run's pairs. */
  private static byte[] pairs(Path run) throws IOException {
    try (Stream<Path> files = Files.walk(run)) {
      Path shard =
          files
              .filter(file -> file.toString().endsWith(".safetensors"))
              .sorted()
              .findFirst()
              .orElseThrow();
      return Files.readAllBytes(shard);
    }
  }
}
