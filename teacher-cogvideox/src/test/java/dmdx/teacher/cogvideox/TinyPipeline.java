package dmdx.teacher.cogvideox;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import dmdx.api.Component;
import dmdx.api.Precision;
import dmdx.api.Teacher;
import dmdx.api.TeacherProvider.OpenRequest;
import dmdx.api.network.Weights;
import dmdx.api.settings.Settings;
import dmdx.nn.text.SentencePieceModel;
import dmdx.nn.text.SentencePieceModel.Piece;
import dmdx.nn.text.SentencePieceModel.PieceType;
import dmdx.nn.weights.Noise;
import dmdx.nn.weights.TrainableWeights;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** A complete pipeline folder of a few thousand weights: four times fewer frames, half the size. */
final class TinyPipeline {
  private static final String TRANSFORMER =
      """
      {"_class_name": "CogVideoXTransformer3DModel", "num_attention_heads": 2,
       "attention_head_dim": 16, "in_channels": 4, "out_channels": 4, "time_embed_dim": 8,
       "text_embed_dim": 24, "num_layers": 4, "sample_width": 12, "sample_height": 8,
       "max_text_seq_length": 6, "use_rotary_positional_embeddings": %s}
      """;
  private static final String VAE =
      """
      {"_class_name": "AutoencoderKLCogVideoX", "block_out_channels": [4, 4, 4],
       "down_block_types": ["CogVideoXDownBlock3D", "CogVideoXDownBlock3D",
         "CogVideoXDownBlock3D"],
       "up_block_types": ["CogVideoXUpBlock3D", "CogVideoXUpBlock3D", "CogVideoXUpBlock3D"],
       "layers_per_block": 1, "latent_channels": 4, "norm_num_groups": 2,
       "temporal_compression_ratio": 4, "scaling_factor": 1.15258426}
      """;
  private static final String T5 =
      """
      {"architectures": ["T5EncoderModel"], "model_type": "t5", "vocab_size": 120, "d_model": 24,
       "d_kv": 4, "d_ff": 16, "num_layers": 2, "num_heads": 2, "feed_forward_proj": "gated-gelu"}
      """;
  private static final String SCHEDULER =
      """
      {"_class_name": "CogVideoXDDIMScheduler", "num_train_timesteps": 1000,
       "beta_schedule": "scaled_linear", "beta_start": 0.00085, "beta_end": 0.012,
       "prediction_type": "v_prediction", "rescale_betas_zero_snr": true,
       "set_alpha_to_one": true, "snr_shift_scale": 3.0, "timestep_spacing": "linspace",
       "clip_sample": false, "sample_max_value": 1.0, "steps_offset": 0, "trained_betas": null}
      """;

  private TinyPipeline() {}

  /**
   * Configurations and tokenizers, no weights.
   *
   * @param rotary whether positions are those of 5b
   */
  static Path writeConfigs(Path folder, boolean rotary) throws IOException {
    write(folder.resolve("transformer/config.json"), TRANSFORMER.formatted(rotary));
    write(folder.resolve("vae/config.json"), VAE);
    write(folder.resolve("text_encoder/config.json"), T5);
    write(folder.resolve("scheduler/scheduler_config.json"), SCHEDULER);
    write(folder.resolve("LICENSE"), "free");
    Files.createDirectories(folder.resolve("tokenizer"));
    new SentencePieceModel(
            List.of(
                new Piece("<pad>", 0, PieceType.CONTROL),
                new Piece("</s>", 0, PieceType.CONTROL),
                new Piece("<unk>", 0, PieceType.UNKNOWN),
                new Piece("\u2581a", -1, PieceType.NORMAL),
                new Piece("\u2581red", -2, PieceType.NORMAL),
                new Piece("\u2581blue", -2, PieceType.NORMAL),
                new Piece("\u2581kite", -3, PieceType.NORMAL)),
            new byte[0],
            true,
            true)
        .write(folder.resolve("tokenizer/spiece.model"));
    return folder;
  }

  /** A folder with weights in which nothing is left at zero. */
  static Path writeAll(Path folder, boolean rotary) throws IOException {
    Path configs = writeConfigs(folder.resolveSibling("configs"), rotary);
    try (NDManager manager = NDManager.newBaseManager();
        Teacher fresh = open(configs, true, 1)) {
      Map<String, Weights> moved = new LinkedHashMap<>();
      for (Component component : fresh.components().values()) {
        TrainableWeights weights =
            TrainableWeights.copyOf(component.network(), component.weights(), manager);
        NDArray noise = Noise.of(component.name()).gaussian(manager, weights.flat().getShape());
        weights.flat().addi(noise.muli(0.05f));
        moved.put(component.name(), weights);
      }
      fresh.export(folder, moved, Precision.FP32, null);
    }
    return folder;
  }

  static Teacher open(Path folder, boolean randomWeights, long seed) {
    return open(folder, randomWeights, seed, "");
  }

  static Teacher open(Path folder, boolean randomWeights, long seed, String settings) {
    CogVideoXTeacherProvider provider = new CogVideoXTeacherProvider();
    Config config = ConfigFactory.parseString(settings).withFallback(provider.defaults());
    return provider.open(
        new OpenRequest(folder, randomWeights, seed), Settings.of(config, Path.of("")));
  }

  static void write(Path file, String text) throws IOException {
    Files.createDirectories(file.resolve("..").normalize());
    Files.writeString(file, text);
  }
}
