package dmdx.nn.vae;

import dmdx.api.CheckpointException;
import dmdx.nn.weights.ModelConfig;
import java.util.List;

/**
 * The settings of an {@link AutoencoderKlCogVideoX}.
 *
 * @param inChannels pixel channels the encoder takes
 * @param outChannels pixel channels the decoder returns
 * @param channels width per level, finest first; every level but the last halves height and width
 * @param layers ResNet blocks per encoder level; the decoder has one more
 * @param latentChannels Z
 * @param groups groups of every norm; divides every width
 * @param normEps added to the variance in the norms of the encoder's ResNets
 * @param temporalCompression frames per latent frame, a power of two; the finest levels halve time
 * @param scalingFactor what latents are multiplied with for the diffusion model
 */
public record AutoencoderKlCogVideoXConfig(
    int inChannels,
    int outChannels,
    List<Integer> channels,
    int layers,
    int latentChannels,
    int groups,
    double normEps,
    int temporalCompression,
    double scalingFactor)
    implements AutoencoderSettings {

  /**
   * @throws IllegalArgumentException naming every setting that is out of range
   */
  public AutoencoderKlCogVideoXConfig {
    channels = List.copyOf(channels);
    List<String> problems =
        AutoencoderKlConfig.problems(
            inChannels, outChannels, latentChannels, layers, channels, groups, scalingFactor);
    if (!(normEps > 0)) {
      problems.add("norm_eps %s must be positive".formatted(normEps));
    }
    int largest = 1 << Math.max(channels.size() - 1, 0);
    if (Integer.bitCount(temporalCompression) != 1 || temporalCompression > largest) {
      problems.add(
          "temporal_compression_ratio %d is not a power of two up to %d, which %d levels reach"
              .formatted(temporalCompression, largest, channels.size()));
    }
    if (!problems.isEmpty()) {
      throw new IllegalArgumentException(String.join("; ", problems));
    }
  }

  /**
   * Reads the {@code config.json} of a diffusers checkpoint.
   *
   * @throws CheckpointException naming file and key of a value that is out of range, or that asks
   *     for an architecture this is not
   */
  public static AutoencoderKlCogVideoXConfig from(ModelConfig config) {
    List<Integer> channels = config.integers("block_out_channels", List.of(128, 256, 256, 512));
    AutoencoderKlConfig.requireBlocks(
        config, "down_block_types", "CogVideoXDownBlock3D", channels.size());
    AutoencoderKlConfig.requireBlocks(
        config, "up_block_types", "CogVideoXUpBlock3D", channels.size());
    config.requireNeutral("act_fn", "silu");
    config.requireNeutral("shift_factor", 0);
    config.requireNeutral("latents_mean");
    config.requireNeutral("latents_std");
    config.requireNeutral("use_quant_conv", false);
    config.requireNeutral("use_post_quant_conv", false);
    config.requireNeutral("invert_scale_latents", false);
    try {
      return new AutoencoderKlCogVideoXConfig(
          config.integer("in_channels", 3),
          config.integer("out_channels", 3),
          channels,
          config.integer("layers_per_block", 3),
          config.integer("latent_channels", 16),
          config.integer("norm_num_groups", 32),
          config.number("norm_eps", 1e-6),
          config.integer("temporal_compression_ratio", 4),
          config.number("scaling_factor", 1.15258426));
    } catch (IllegalArgumentException e) {
      throw new CheckpointException(config.path() + ": " + e.getMessage(), e);
    }
  }

  /**
   * Whether the change of size after the given level, counted from the encoder's input or the
   * decoder's, is one of time too.
   */
  boolean changesTime(int level) {
    return 1 << level < temporalCompression;
  }

  /** Nothing is subtracted. */
  @Override
  public double shiftFactor() {
    return 0;
  }
}
