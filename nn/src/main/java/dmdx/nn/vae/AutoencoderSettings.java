package dmdx.nn.vae;

import java.util.List;

/** What the configurations of all autoencoders tell. */
public sealed interface AutoencoderSettings
    permits AutoencoderKlConfig, AutoencoderKlCogVideoXConfig {

  /** Width per level, finest first; every level but the last halves height and width. */
  List<Integer> channels();

  /** Z. */
  int latentChannels();

  /** What latents are multiplied with for the diffusion model. */
  double scalingFactor();

  /** What is subtracted from them before. */
  double shiftFactor();

  default int levels() {
    return channels().size();
  }

  /** Width of a level, counted from the finest. */
  default int width(int level) {
    return channels().get(level);
  }

  /** Width of the coarsest level. */
  default int deepest() {
    return width(levels() - 1);
  }

  /** Pixels per latent along height and width: {@code 2^(levels-1)}. */
  default int downscale() {
    return 1 << (levels() - 1);
  }
}
