package dmdx.discriminator.sam;

import dmdx.api.CheckpointException;
import dmdx.nn.weights.ModelConfig;
import java.util.List;

/**
 * The vision part of a SAM configuration. Checkpoints write only what differs from the base model.
 *
 * @param hidden h
 * @param layers number of layers
 * @param heads H, a divisor of h
 * @param mlp width inside the feed-forward
 * @param imageSize side of the input in pixels, a multiple of the patch
 * @param patch side of a patch in pixels
 * @param window S
 * @param globalLayers layers without windows, counted from 0
 * @param outputChannels channels after the neck
 * @param eps of the layers' norms; the neck's is fixed
 */
record SamConfig(
    int hidden,
    int layers,
    int heads,
    int mlp,
    int imageSize,
    int patch,
    int window,
    List<Integer> globalLayers,
    int outputChannels,
    double eps,
    boolean qkvBias,
    boolean absolutePositions,
    boolean relativePositions) {

  /**
   * @param config a SAM checkpoint's {@code config.json}
   * @throws CheckpointException naming the file and the key
   */
  static SamConfig from(ModelConfig config) {
    ModelConfig vision = config.section("vision_config");
    vision.requireNeutral("hidden_act", "gelu");
    vision.requireNeutral("num_channels", 3);
    vision.requireNeutral("attention_dropout", 0.0);
    int hidden = vision.integer("hidden_size", 768);
    SamConfig read =
        new SamConfig(
            hidden,
            vision.integer("num_hidden_layers", 12),
            vision.integer("num_attention_heads", 12),
            vision.integer("mlp_dim", (int) (hidden * vision.number("mlp_ratio", 4))),
            vision.integer("image_size", 1024),
            vision.integer("patch_size", 16),
            vision.integer("window_size", 14),
            vision.integers("global_attn_indexes", List.of(2, 5, 8, 11)),
            vision.integer("output_channels", 256),
            vision.number("layer_norm_eps", 1e-6),
            vision.flag("qkv_bias", true),
            vision.flag("use_abs_pos", true),
            vision.flag("use_rel_pos", true));
    read.check(config);
    return read;
  }

  private void check(ModelConfig config) {
    if (hidden < 1 || heads < 1 || hidden % heads != 0) {
      throw new CheckpointException(
          "%s: 'vision_config.hidden_size' is %d, expected a multiple of num_attention_heads = %d"
              .formatted(config.path(), hidden, heads));
    }
    if (patch < 1 || imageSize < 1 || imageSize % patch != 0) {
      throw new CheckpointException(
          "%s: 'vision_config.image_size' is %d, expected a multiple of patch_size = %d"
              .formatted(config.path(), imageSize, patch));
    }
    if (window < 1 || layers < 1 || mlp < 1 || outputChannels < 1) {
      throw new CheckpointException(
          config.path()
              + ": window_size, num_hidden_layers, mlp_dim and output_channels of 'vision_config'"
              + " must be positive");
    }
  }

  /** G. */
  int grid() {
    return imageSize / patch;
  }

  /** e. */
  int headWidth() {
    return hidden / heads;
  }

  /** Whether layer i, counted from 0, sees the whole grid at once. */
  boolean isGlobal(int i) {
    return globalLayers.contains(i);
  }
}
