package dmdx.runner.stage;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dmdx.api.Component;
import dmdx.api.Precision;
import dmdx.api.Teacher;
import dmdx.api.TeacherProvider;
import dmdx.api.TeacherProvider.OpenRequest;
import dmdx.api.network.Weights;
import dmdx.api.settings.Settings;
import dmdx.nn.text.ClipVocabulary;
import dmdx.nn.text.SentencePieceModel;
import dmdx.nn.text.SentencePieceModel.Piece;
import dmdx.nn.text.SentencePieceModel.PieceType;
import dmdx.nn.weights.Noise;
import dmdx.nn.weights.TrainableWeights;
import dmdx.runner.plugin.PluginRegistry;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/** Every published teacher's architecture with 8 to 16 channels and random weights. */
enum TinyTeacher {
  SDXL("sdxl", "[16,16]", Map.of()),
  SD3_MEDIUM("sd3", "[16,16]", sd3("\"qk_norm\": null")),
  SD35_LARGE("sd3", "[16,16]", sd3("\"qk_norm\": \"rms_norm\"")),
  SD35_MEDIUM("sd3", "[16,16]", sd3("\"qk_norm\": \"rms_norm\", \"dual_attention_layers\": [0]")),
  COGVIDEOX_2B("cogvideox", "[16,24,9]", cogVideoX(false)),
  COGVIDEOX_5B("cogvideox", "[16,24,9]", cogVideoX(true));

  private final String plugin;
  private final String size;
  private final Map<String, String> configs;

  TinyTeacher(String plugin, String size, Map<String, String> configs) {
    this.plugin = plugin;
    this.size = size;
    this.configs = configs;
  }

  private static Map<String, String> sd3(String norm) {
    String text =
        """
        {"architectures": ["CLIPTextModelWithProjection"], "model_type": "clip_text_model",
         "vocab_size": 520, "hidden_size": 8, "intermediate_size": 16, "num_hidden_layers": 2,
         "num_attention_heads": 2, "projection_dim": 8, "eos_token_id": 2}
        """;
    return Map.of(
        "transformer/config.json",
        """
        {"_class_name": "SD3Transformer2DModel", "sample_size": 4, "in_channels": 4,
         "out_channels": 4, "num_layers": 2, "attention_head_dim": 4, "num_attention_heads": 2,
         "joint_attention_dim": 20, "caption_projection_dim": 8, "pooled_projection_dim": 16,
         "pos_embed_max_size": 4, %s}
        """
            .formatted(norm),
        "text_encoder/config.json",
        text,
        "text_encoder_2/config.json",
        text,
        "text_encoder_3/config.json",
        T5,
        "scheduler/scheduler_config.json",
        """
        {"_class_name": "FlowMatchEulerDiscreteScheduler", "shift": 3.0}
        """);
  }

  private static Map<String, String> cogVideoX(boolean rotary) {
    return Map.of(
        "transformer/config.json",
        """
        {"_class_name": "CogVideoXTransformer3DModel", "num_attention_heads": 1,
         "attention_head_dim": 16, "in_channels": 4, "out_channels": 4, "time_embed_dim": 8,
         "text_embed_dim": 20, "num_layers": 2, "sample_width": 12, "sample_height": 8,
         "max_text_seq_length": 4, "use_rotary_positional_embeddings": %s}
        """
            .formatted(rotary),
        "vae/config.json",
        """
        {"_class_name": "AutoencoderKLCogVideoX", "block_out_channels": [4, 4, 4],
         "down_block_types": ["CogVideoXDownBlock3D", "CogVideoXDownBlock3D",
           "CogVideoXDownBlock3D"],
         "up_block_types": ["CogVideoXUpBlock3D", "CogVideoXUpBlock3D", "CogVideoXUpBlock3D"],
         "layers_per_block": 1, "latent_channels": 4, "norm_num_groups": 2}
        """,
        "text_encoder/config.json",
        T5,
        "scheduler/scheduler_config.json",
        """
        {"_class_name": "CogVideoXDDIMScheduler", "prediction_type": "v_prediction",
         "rescale_betas_zero_snr": true, "snr_shift_scale": 1.0,
         "timestep_spacing": "trailing"}
        """);
  }

  private static final String T5 =
      """
      {"model_type": "t5", "vocab_size": 120, "d_model": 20, "d_kv": 4, "d_ff": 16,
       "num_layers": 1, "num_heads": 2, "feed_forward_proj": "gated-gelu"}
      """;

  boolean makesVideos() {
    return plugin.equals("cogvideox");
  }

  /** The settings that name the teacher in {@code <folder>/<name>}, and others. */
  List<String> settings(String... more) {
    Stream<String> all =
        Stream.of("teacher.plugin=" + plugin, "teacher.path=" + name(), "teacher.size=" + size);
    Stream<String> own =
        switch (plugin) {
          case "sd3" -> Stream.of("teacher.sd3.max-sequence-length=6");
          case "cogvideox" -> Stream.of("latent-discriminator.conv.video-blocks=1");
          default -> Stream.of();
        };
    return Stream.of(all, own, Stream.of(more)).flatMap(settings -> settings).toList();
  }

  /** The settings of ADM alone, from the teacher, under which adapters would be tiny. */
  List<String> adm(String name, String... more) {
    Stream<String> adm =
        Stream.of(
            "name=" + name,
            "stages=[adm]",
            "adm.start=teacher",
            "student.lora.rank=2",
            "student.ema=0");
    return settings(Stream.concat(adm, Stream.of(more)).toArray(String[]::new));
  }

  /**
   * Configurations and tokenizers, no weights but the codec's.
   *
   * @param folder of a {@link TinyRun}
   */
  Path writeUntrained(Path folder) throws IOException {
    if (this == SDXL) {
      return folder.resolve("teacher");
    }
    Path target = folder.resolve(name() + "-untrained");
    for (Map.Entry<String, String> config : configs.entrySet()) {
      Path file = target.resolve(config.getKey());
      Files.createDirectories(file.resolve("..").normalize());
      Files.writeString(file, config.getValue());
    }
    if (makesVideos()) {
      writePieces(target.resolve("tokenizer"));
      return target;
    }
    Files.createDirectories(target.resolve("vae"));
    Files.copy(folder.resolve("teacher/vae/config.json"), target.resolve("vae/config.json"));
    for (String tokenizer : List.of("tokenizer", "tokenizer_2")) {
      ClipVocabulary.train(TinyRun.PROMPTS, 6, Files.createDirectories(target.resolve(tokenizer)));
    }
    writePieces(target.resolve("tokenizer_3"));
    return target;
  }

  private static void writePieces(Path tokenizer) throws IOException {
    Files.createDirectories(tokenizer);
    new SentencePieceModel(
            List.of(
                new Piece("<pad>", 0, PieceType.CONTROL),
                new Piece("</s>", 0, PieceType.CONTROL),
                new Piece("<unk>", 0, PieceType.UNKNOWN),
                new Piece("\u2581red", -1, PieceType.NORMAL)),
            new byte[0],
            true,
            true)
        .write(tokenizer.resolve("spiece.model"));
  }

  /** A complete pipeline in {@code <folder>/<name>}, no weight at its neutral start. */
  void write(Path folder) throws IOException {
    TeacherProvider provider = PluginRegistry.discover(List.of()).teacher(plugin);
    OpenRequest request = new OpenRequest(writeUntrained(folder), true, 1);
    try (NDManager manager = NDManager.newBaseManager();
        Teacher teacher = provider.open(request, Settings.of(provider.defaults(), folder))) {
      Map<String, Weights> moved = new LinkedHashMap<>();
      for (Component component : teacher.components().values()) {
        TrainableWeights weights =
            TrainableWeights.copyOf(component.network(), component.weights(), manager);
        NDArray noise = Noise.of(component.name()).gaussian(manager, weights.flat().getShape());
        weights.flat().addi(noise.muli(0.05f));
        moved.put(component.name(), weights);
      }
      teacher.export(folder.resolve(name()), moved, Precision.FP32, null);
    }
  }
}
