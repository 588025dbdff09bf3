package dmdx.teacher.sd3;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import dmdx.api.Component;
import dmdx.api.Teacher;
import dmdx.api.TeacherProvider.OpenRequest;
import dmdx.api.settings.Settings;
import dmdx.nn.text.ClipVocabulary;
import dmdx.nn.text.SentencePieceModel;
import dmdx.nn.text.SentencePieceModel.Piece;
import dmdx.nn.text.SentencePieceModel.PieceType;
import dmdx.nn.weights.DType;
import dmdx.nn.weights.Noise;
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
  private static final String TRANSFORMER =
      """
      {"_class_name": "SD3Transformer2DModel", "sample_size": 8, "in_channels": 16,
       "out_channels": 16, "num_layers": 2, "attention_head_dim": 4, "num_attention_heads": 2,
       "joint_attention_dim": 24, "caption_projection_dim": 8, "pooled_projection_dim": 20,
       "pos_embed_max_size": 8, "qk_norm": "rms_norm", "dual_attention_layers": [0]}
      """;
  private static final String VAE =
      """
      {"_class_name": "AutoencoderKL", "block_out_channels": [8, 8], "norm_num_groups": 4,
       "down_block_types": ["DownEncoderBlock2D", "DownEncoderBlock2D"],
       "up_block_types": ["UpDecoderBlock2D", "UpDecoderBlock2D"], "layers_per_block": 1,
       "latent_channels": 16, "scaling_factor": 1.5305, "shift_factor": 0.0609,
       "use_quant_conv": false, "use_post_quant_conv": false}
      """;
  private static final String TEXT =
      """
      {"architectures": ["CLIPTextModelWithProjection"], "model_type": "clip_text_model",
       "vocab_size": 600, "hidden_size": %d, "intermediate_size": 16, "num_hidden_layers": 2,
       "eos_token_id": 2, "num_attention_heads": 2, "projection_dim": %d,
       "max_position_embeddings": 77}
      """;
  private static final String T5 =
      """
      {"architectures": ["T5EncoderModel"], "model_type": "t5", "vocab_size": 120, "d_model": 24,
       "d_kv": 4, "d_ff": 16, "num_layers": 2, "num_heads": 2, "feed_forward_proj": "gated-gelu"}
      """;

  private TinyPipeline() {}

  /** Configurations and tokenizers, no weights. */
  static Path writeConfigs(Path folder) throws IOException {
    write(folder.resolve("transformer/config.json"), TRANSFORMER);
    write(folder.resolve("vae/config.json"), VAE);
    write(folder.resolve("text_encoder/config.json"), TEXT.formatted(8, 8));
    write(folder.resolve("text_encoder_2/config.json"), TEXT.formatted(12, 12));
    write(folder.resolve("text_encoder_3/config.json"), T5);
    write(
        folder.resolve("scheduler/scheduler_config.json"),
        """
        {"_class_name": "FlowMatchEulerDiscreteScheduler", "num_train_timesteps": 1000,
         "shift": 3.0}
        """);
    write(folder.resolve("LICENSE.md"), "free");
    for (String tokenizer : List.of("tokenizer", "tokenizer_2")) {
      Files.createDirectories(folder.resolve(tokenizer));
      ClipVocabulary.train(
          List.of("a red shirt", "a blue dress", "green shoes"), 20, folder.resolve(tokenizer));
    }
    Files.createDirectories(folder.resolve("tokenizer_3"));
    new SentencePieceModel(
            List.of(
                new Piece("<pad>", 0, PieceType.CONTROL),
                new Piece("</s>", 0, PieceType.CONTROL),
                new Piece("<unk>", 0, PieceType.UNKNOWN),
                new Piece("\u2581a", -1, PieceType.NORMAL),
                new Piece("\u2581red", -2, PieceType.NORMAL),
                new Piece("\u2581blue", -2, PieceType.NORMAL),
                new Piece("\u2581shirt", -3, PieceType.NORMAL)),
            new byte[0],
            true,
            true)
        .write(folder.resolve("tokenizer_3/spiece.model"));
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
        NDArray noise = Noise.of(component.name()).gaussian(manager, weights.flat().getShape());
        weights.flat().addi(noise.muli(0.05f));
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
    Sd3TeacherProvider provider = new Sd3TeacherProvider();
    Config config = ConfigFactory.parseString(settings).withFallback(provider.defaults());
    return provider.open(
        new OpenRequest(folder, randomWeights, seed), Settings.of(config, Path.of("")));
  }

  static void write(Path file, String text) throws IOException {
    Files.createDirectories(file.resolve("..").normalize());
    Files.writeString(file, text);
  }
}
