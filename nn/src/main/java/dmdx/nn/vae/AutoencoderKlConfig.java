package dmdx.nn.vae;

import dmdx.api.CheckpointException;
import dmdx.nn.weights.ModelConfig;
import java.util.ArrayList;
import java.util.List;

/**
 * The settings of an {@link AutoencoderKl}.
 *
 * @param inChannels image channels the encoder takes
 * @param outChannels image channels the decoder returns
 * @param channels width per level, finest first; every level but the last halves the size
 * @param layers ResNet blocks per encoder level; the decoder has one more
 * @param latentChannels Z
 * @param groups groups of every norm; divides every width
 * @param scalingFactor what latents are multiplied with for the diffusion model
 * @param shiftFactor what is subtracted from them before
 * @param quantConv whether a 1x1 convolution follows the encoder
 * @param postQuantConv whether a 1x1 convolution precedes the decoder
 * @param midAttention whether the middle blocks have attention
 */
public record AutoencoderKlConfig(
    int inChannels,
    int outChannels,
    List<Integer> channels,
    int layers,
    int latentChannels,
    int groups,
    double scalingFactor,
    double shiftFactor,
    boolean quantConv,
    boolean postQuantConv,
    boolean midAttention)
    implements AutoencoderSettings {

  /**
   * @throws IllegalArgumentException naming every setting that is out of range
   */
  public AutoencoderKlConfig {
    channels = List.copyOf(channels);
    List<String> problems =
        problems(inChannels, outChannels, latentChannels, layers, channels, groups, scalingFactor);
    if (!Double.isFinite(shiftFactor)) {
      problems.add("shift_factor %s must be finite".formatted(shiftFactor));
    }
    if (!problems.isEmpty()) {
      throw new IllegalArgumentException(String.join("; ", problems));
    }
  }

  /** What is wrong with the settings that all autoencoders have. */
  static List<String> problems(
      int inChannels,
      int outChannels,
      int latentChannels,
      int layers,
      List<Integer> channels,
      int groups,
      double scalingFactor) {
    List<String> problems = new ArrayList<>();
    if (inChannels < 1 || outChannels < 1 || latentChannels < 1 || layers < 1) {
      problems.add(
          "in_channels %d, out_channels %d, latent_channels %d, layers_per_block %d: all must be at least 1"
              .formatted(inChannels, outChannels, latentChannels, layers));
    }
    if (channels.isEmpty()) {
      problems.add("block_out_channels is empty; name the width of at least one level");
    }
    for (int width : channels) {
      if (groups < 1 || width < 1 || width % groups != 0) {
        problems.add(
            "block_out_channels %d is not a positive multiple of norm_num_groups %d"
                .formatted(width, groups));
      }
    }
    if (!(scalingFactor > 0) || !Double.isFinite(scalingFactor)) {
      problems.add("scaling_factor %s must be positive and finite".formatted(scalingFactor));
    }
    return problems;
  }

  /**
   * Reads the {@code config.json} of a diffusers checkpoint.
   *
   * @throws CheckpointException naming file and key of a value that is out of range, or that asks
   *     for an architecture this is not
   */
  public static AutoencoderKlConfig from(ModelConfig config) {
    List<Integer> channels = config.integers("block_out_channels", List.of(64));
    requireBlocks(config, "down_block_types", "DownEncoderBlock2D", channels.size());
    requireBlocks(config, "up_block_types", "UpDecoderBlock2D", channels.size());
    config.requireNeutral("act_fn", "silu");
    config.requireNeutral("latents_mean");
    config.requireNeutral("latents_std");
    try {
      return new AutoencoderKlConfig(
          config.integer("in_channels", 3),
          config.integer("out_channels", 3),
          channels,
          config.integer("layers_per_block", 1),
          config.integer("latent_channels", 4),
          config.integer("norm_num_groups", 32),
          config.number("scaling_factor", 0.18215),
          config.number("shift_factor", 0),
          config.flag("use_quant_conv", true),
          config.flag("use_post_quant_conv", true),
          config.flag("mid_block_add_attention", true));
    } catch (IllegalArgumentException e) {
      throw new CheckpointException(config.path() + ": " + e.getMessage(), e);
    }
  }

  static void requireBlocks(ModelConfig config, String key, String type, int levels) {
    if (!config.has(key)) {
      return;
    }
    List<String> types = config.texts(key, List.of());
    if (types.size() != levels || types.stream().anyMatch(t -> !t.equals(type))) {
      throw new CheckpointException(
          "%s: %s is %s, expected %s for each of the %d entries of block_out_channels"
              .formatted(config.path(), key, types, type, levels));
    }
  }
}
