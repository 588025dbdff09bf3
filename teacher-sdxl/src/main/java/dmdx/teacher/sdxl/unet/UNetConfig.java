package dmdx.teacher.sdxl.unet;

import dmdx.api.CheckpointException;
import dmdx.nn.weights.ModelConfig;
import java.util.ArrayList;
import java.util.List;

/**
 * The architecture in {@code unet/config.json}.
 *
 * @param inChannels latent channels
 * @param outChannels channels of the prediction
 * @param sampleSize latent size the model was trained at; 0 if the file is silent
 * @param levels the levels, finest first
 * @param layersPerBlock ResNets of each level on the way down; the way up has one more
 * @param contextWidth X, {@code cross_attention_dim}
 * @param linearProjection whether transformers project with matrices instead of 1x1 convolutions
 * @param groups groups of every norm
 * @param eps eps of the ResNets' norms and of {@code conv_norm_out}
 * @param cosineFirst {@code flip_sin_to_cos}
 * @param frequencyShift {@code freq_shift}
 * @param convInKernel kernel of the first convolution
 * @param convOutKernel kernel of the last
 * @param timeIdWidth sinusoid width per time id, 0 if the network takes no pooled text and time ids
 * @param additionWidth pooled text width + 6 timeIdWidth, 0 likewise
 */
public record UNetConfig(
    int inChannels,
    int outChannels,
    int sampleSize,
    List<Level> levels,
    List<Integer> layersPerBlock,
    int contextWidth,
    boolean linearProjection,
    int groups,
    double eps,
    boolean cosineFirst,
    double frequencyShift,
    int convInKernel,
    int convOutKernel,
    int timeIdWidth,
    int additionWidth) {
  /** Original height and width, crop top and left, target height and width. */
  static final int TIME_IDS = 6;

  private static final String CROSS_DOWN = "CrossAttnDownBlock2D";
  private static final String CROSS_UP = "CrossAttnUpBlock2D";

  /**
   * One resolution.
   *
   * @param channels C
   * @param attendsDown whether ResNets on the way down are followed by transformers
   * @param attendsUp whether those on the way up are
   * @param transformerLayers blocks per transformer
   * @param heads heads of every attention, {@code attention_head_dim} in the file
   */
  public record Level(
      int channels, boolean attendsDown, boolean attendsUp, int transformerLayers, int heads) {}

  public UNetConfig {
    levels = List.copyOf(levels);
    layersPerBlock = List.copyOf(layersPerBlock);
  }

  /** Width of the pooled text, 0 if the network takes none. */
  public int pooledWidth() {
    return additionWidth - TIME_IDS * timeIdWidth;
  }

  /** Whether pooled text and time ids enter the time embedding (SDXL). */
  public boolean hasAddition() {
    return additionWidth > 0;
  }

  /** Channels of a level. */
  int channels(int level) {
    return levels.get(level).channels();
  }

  /** E. */
  int timeWidth() {
    return 4 * channels(0);
  }

  /**
   * Reads a configuration.
   *
   * @throws CheckpointException naming file and key of what is wrong or not supported
   */
  public static UNetConfig of(ModelConfig config) {
    String type = config.text("_class_name", "UNet2DConditionModel");
    if (!type.equals("UNet2DConditionModel")) {
      throw wrong(config, "_class_name", type, "UNet2DConditionModel");
    }
    requireNeutralRest(config);
    List<Integer> channels = config.integers("block_out_channels", List.of(320, 640, 1280, 1280));
    int n = channels.size();
    List<String> publishedDown = List.of(CROSS_DOWN, CROSS_DOWN, CROSS_DOWN, "DownBlock2D");
    List<String> publishedUp = List.of("UpBlock2D", CROSS_UP, CROSS_UP, CROSS_UP);
    List<Boolean> down = attends(config, "down_block_types", publishedDown, CROSS_DOWN, n);
    List<Boolean> up = attends(config, "up_block_types", publishedUp, CROSS_UP, n);
    List<Integer> transformers = config.perLevel("transformer_layers_per_block", n, 1);
    List<Integer> heads = config.perLevel("attention_head_dim", n, 8);
    int groups = config.integer("norm_num_groups", 32);
    List<Level> levels = new ArrayList<>();
    for (int i = 0; i < n; i++) {
      boolean attendsUp = up.get(n - 1 - i);
      boolean transformed = down.get(i) || attendsUp || i == n - 1;
      int c = channels.get(i);
      if (groups < 1 || c < 1 || c % groups != 0) {
        throw wrong(
            config, "block_out_channels", channels, "multiples of norm_num_groups " + groups);
      }
      if (transformed && (heads.get(i) < 1 || c % heads.get(i) != 0)) {
        throw wrong(
            config, "attention_head_dim", heads, "numbers of heads that divide " + channels);
      }
      if (transformed && transformers.get(i) < 1) {
        throw wrong(config, "transformer_layers_per_block", transformers, "at least 1");
      }
      levels.add(new Level(c, down.get(i), attendsUp, transformers.get(i), heads.get(i)));
    }
    boolean addition = config.has("addition_embed_type");
    UNetConfig read =
        new UNetConfig(
            config.integer("in_channels", 4),
            config.integer("out_channels", 4),
            config.has("sample_size") ? config.integer("sample_size") : 0,
            levels,
            config.perLevel("layers_per_block", n, 2),
            config.integer("cross_attention_dim", 1280),
            config.flag("use_linear_projection", false),
            groups,
            config.number("norm_eps", 1e-5),
            config.flag("flip_sin_to_cos", true),
            config.number("freq_shift", 0),
            kernel(config, "conv_in_kernel"),
            kernel(config, "conv_out_kernel"),
            addition ? config.integer("addition_time_embed_dim") : 0,
            addition ? config.integer("projection_class_embeddings_input_dim") : 0);
    if (addition && (read.timeIdWidth < 1 || read.pooledWidth() < 1)) {
      throw wrong(
          config,
          "projection_class_embeddings_input_dim",
          read.additionWidth,
          "more than 6 addition_time_embed_dim = " + TIME_IDS * read.timeIdWidth);
    }
    if (read.layersPerBlock.stream().anyMatch(layers -> layers < 1)) {
      throw wrong(config, "layers_per_block", read.layersPerBlock, "at least 1");
    }
    if (read.inChannels < 1 || read.outChannels < 1 || read.contextWidth < 1) {
      throw wrong(
          config,
          "in_channels, out_channels, cross_attention_dim",
          List.of(read.inChannels, read.outChannels, read.contextWidth),
          "positive numbers");
    }
    return read;
  }

  /** Which blocks attend, in the order of the file: those of type {@code cross}. */
  private static List<Boolean> attends(
      ModelConfig config, String key, List<String> otherwise, String cross, int n) {
    String plain = cross.substring("CrossAttn".length());
    List<String> types = config.texts(key, otherwise);
    if (n < 1 || types.size() != n) {
      throw wrong(config, key, types, n + " entries, as block_out_channels has");
    }
    for (String type : types) {
      if (!type.equals(cross) && !type.equals(plain)) {
        throw wrong(config, key, type, plain + " or " + cross);
      }
    }
    return types.stream().map(cross::equals).toList();
  }

  private static int kernel(ModelConfig config, String key) {
    int kernel = config.integer(key, 3);
    if (kernel < 1 || kernel % 2 == 0) {
      throw wrong(config, key, kernel, "an odd number");
    }
    return kernel;
  }

  /** Refuses every feature of the reference class that these networks do not use. */
  private static void requireNeutralRest(ModelConfig config) {
    for (String key :
        List.of(
            "num_attention_heads",
            "class_embed_type",
            "num_class_embeds",
            "encoder_hid_dim",
            "encoder_hid_dim_type",
            "time_embedding_dim",
            "time_embedding_act_fn",
            "timestep_post_act",
            "time_cond_proj_dim",
            "cross_attention_norm",
            "reverse_transformer_layers_per_block")) {
      config.requireNeutral(key);
    }
    for (String key :
        List.of(
            "center_input_sample",
            "only_cross_attention",
            "mid_block_only_cross_attention",
            "dual_cross_attention",
            "upcast_attention",
            "class_embeddings_concat",
            "resnet_skip_time_act")) {
      config.requireNeutral(key, false);
    }
    config.requireNeutral("mid_block_type", "UNetMidBlock2DCrossAttn");
    config.requireNeutral("addition_embed_type", "text_time");
    config.requireNeutral("resnet_time_scale_shift", "default");
    config.requireNeutral("resnet_out_scale_factor", 1);
    config.requireNeutral("mid_block_scale_factor", 1);
    config.requireNeutral("time_embedding_type", "positional");
    config.requireNeutral("attention_type", "default");
    config.requireNeutral("downsample_padding", 1);
    config.requireNeutral("dropout", 0);
    config.requireNeutral("act_fn", "silu", "swish");
  }

  private static CheckpointException wrong(
      ModelConfig config, String key, Object found, String expected) {
    return new CheckpointException(
        "%s: '%s' is %s, expected %s. Use the config.json saved with the checkpoint."
            .formatted(config.path(), key, found, expected));
  }
}
