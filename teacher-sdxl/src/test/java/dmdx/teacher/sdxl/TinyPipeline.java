package dmdx.teacher.sdxl;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import dmdx.api.Component;
import dmdx.api.Teacher;
import dmdx.api.TeacherProvider.OpenRequest;
import dmdx.api.settings.Settings;
import dmdx.nn.text.ClipVocabulary;
import dmdx.nn.weights.DType;
import dmdx.nn.weights.SafetensorsWriter;
import dmdx.nn.weights.TrainableWeights;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** A complete pipeline folder of a few thousand weights. */
final class TinyPipeline {
  static final String UNET =
      """
      {"_class_name": "UNet2DConditionModel", "block_out_channels": [8, 16],
       "down_block_types": ["DownBlock2D", "CrossAttnDownBlock2D"],
       "up_block_types": ["CrossAttnUpBlock2D", "UpBlock2D"], "norm_num_groups": 4,
       "transformer_layers_per_block": [1, 2], "attention_head_dim": [2, 4],
       "layers_per_block": 1, "cross_attention_dim": 20, "use_linear_projection": true,
       "addition_embed_type": "text_time", "addition_time_embed_dim": 4,
       "projection_class_embeddings_input_dim": 36, "sample_size": 8}
      """;
  private static final String VAE =
      """
      {"_class_name": "AutoencoderKL", "block_out_channels": [8, 8], "norm_num_groups": 4,
       "down_block_types": ["DownEncoderBlock2D", "DownEncoderBlock2D"],
       "up_block_types": ["UpDecoderBlock2D", "UpDecoderBlock2D"], "layers_per_block": 1,
       "latent_channels": 4, "scaling_factor": 0.13025}
      """;
  private static final String TEXT =
      """
      {"architectures": ["%s"], "model_type": "clip_text_model", "vocab_size": 600,
       "hidden_size": %d, "intermediate_size": 16, "num_hidden_layers": 2, "eos_token_id": 2,
       "num_attention_heads": 2, "projection_dim": 12, "max_position_embeddings": 77}
      """;
  private static final String SCHEDULER =
      """
      {"_class_name": "EulerDiscreteScheduler", "beta_start": 0.00085, "beta_end": 0.012,
       "beta_schedule": "scaled_linear", "steps_offset": 1, "timestep_spacing": "leading",
       "prediction_type": "epsilon"}
      """;

  private TinyPipeline() {}

  /** Configurations and tokenizers, no weights. */
  static Path writeConfigs(Path folder) throws IOException {
    write(folder.resolve("unet/config.json"), UNET);
    write(folder.resolve("vae/config.json"), VAE);
    write(folder.resolve("text_encoder/config.json"), TEXT.formatted("CLIPTextModel", 8));
    write(
        folder.resolve("text_encoder_2/config.json"),
        TEXT.formatted("CLIPTextModelWithProjection", 12));
    write(folder.resolve("scheduler/scheduler_config.json"), SCHEDULER);
    write(
        folder.resolve("model_index.json"),
        """
        {"_class_name": "StableDiffusionXLPipeline", "force_zeros_for_empty_prompt": true,
         "scheduler": ["diffusers", "EulerDiscreteScheduler"]}
        """);
    write(folder.resolve("LICENSE.md"), "free");
    for (String tokenizer : List.of("tokenizer", "tokenizer_2")) {
      Files.createDirectories(folder.resolve(tokenizer));
      ClipVocabulary.train(
          List.of("a red shirt", "a blue dress", "green shoes"), 20, folder.resolve(tokenizer));
    }
    return folder;
  }

  /** A folder with weights in which nothing is left at zero. */
  static Path writeAll(Path folder) throws IOException {
    writeConfigs(folder);
    try (NDManager manager = NDManager.newBaseManager();
        Teacher fresh = open(folder, true, 1)) {
      for (Component component : fresh.components().values()) {
        TrainableWeights weights =
            TrainableWeights.copyOf(component.network(), component.weights(), manager);
        weights
            .flat()
            .addi(
                dmdx.nn.weights.Noise.of(component.name())
                    .gaussian(manager, weights.flat().getShape())
                    .mul(0.05f));
        String stem = component.name().startsWith("text") ? "model" : "diffusion_pytorch_model";
        Map<String, NDArray> tensors = new LinkedHashMap<>();
        weights.names().forEach(name -> tensors.put(name, weights.get(name)));
        SafetensorsWriter.write(
            folder.resolve(component.name()).resolve(stem + ".safetensors"),
            tensors,
            Map.of(),
            DType.F32);
      }
    }
    return folder;
  }

  static Teacher open(Path folder, boolean randomWeights, long seed) {
    return open(folder, randomWeights, seed, "");
  }

  static Teacher open(Path folder, boolean randomWeights, long seed, String settings) {
    SdxlTeacherProvider provider = new SdxlTeacherProvider();
    Config config = ConfigFactory.parseString(settings).withFallback(provider.defaults());
    return provider.open(
        new OpenRequest(folder, randomWeights, seed), Settings.of(config, Path.of("")));
  }

  static void write(Path file, String text) throws IOException {
    Files.createDirectories(file.resolve("..").normalize());
    Files.writeString(file, text);
  }
}
