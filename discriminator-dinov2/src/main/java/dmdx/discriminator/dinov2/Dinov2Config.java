package dmdx.discriminator.dinov2;

import dmdx.api.CheckpointException;
import dmdx.nn.weights.ModelConfig;

/**
 * A DINOv2 configuration.
 *
 * @param hidden h
 * @param layers number of layers
 * @param heads H, a divisor of h
 * @param mlp f
 * @param gated whether the feed-forward is gated, as in the giant variant
 * @param imageSize side of the pictures trained on, in pixels
 * @param patch p
 * @param eps of all norms
 */
record Dinov2Config(
    int hidden,
    int layers,
    int heads,
    int mlp,
    boolean gated,
    int imageSize,
    int patch,
    double eps,
    boolean qkvBias) {

  /**
   * @param config a DINOv2 checkpoint's {@code config.json}
   * @throws CheckpointException naming the file and the key
   */
  static Dinov2Config from(ModelConfig config) {
    config.requireNeutral("model_type", "dinov2");
    config.requireNeutral("hidden_act", "gelu");
    config.requireNeutral("num_channels", 3);
    int hidden = config.integer("hidden_size", 768);
    Dinov2Config read =
        new Dinov2Config(
            hidden,
            config.integer("num_hidden_layers", 12),
            config.integer("num_attention_heads", 12),
            (int) (hidden * config.number("mlp_ratio", 4)),
            config.flag("use_swiglu_ffn", false),
            config.integer("image_size", 224),
            config.integer("patch_size", 16),
            config.number("layer_norm_eps", 1e-6),
            config.flag("qkv_bias", true));
    read.check(config);
    return read;
  }

  private void check(ModelConfig config) {
    if (hidden < 1 || heads < 1 || hidden % heads != 0) {
      throw new CheckpointException(
          "%s: 'hidden_size' is %d, expected a multiple of num_attention_heads = %d"
              .formatted(config.path(), hidden, heads));
    }
    if (patch < 1 || imageSize < patch) {
      throw new CheckpointException(
          "%s: 'image_size' is %d, expected at least patch_size = %d, which is positive"
              .formatted(config.path(), imageSize, patch));
    }
    if (layers < 1 || mlp < 1) {
      throw new CheckpointException(
          config.path() + ": 'num_hidden_layers' and 'mlp_ratio' must be positive");
    }
  }

  /** G. */
  int grid() {
    return imageSize / patch;
  }

  /** Width of each half inside a gated feed-forward: two thirds of f, rounded up to eights. */
  int gatedWidth() {
    return ((int) (mlp * 2L / 3) + 7) / 8 * 8;
  }
}
