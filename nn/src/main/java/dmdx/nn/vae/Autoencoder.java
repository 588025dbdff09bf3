package dmdx.nn.vae;

import ai.djl.ndarray.NDArray;
import dmdx.api.network.Network;
import dmdx.api.network.Pass;
import dmdx.nn.torch.Ops;
import java.util.Map;

/**
 * An encoder from pixels in [-1, 1] to the moments of a Gaussian over latents, and a decoder from
 * latents to pixels. Both take and return latents as they are; {@link #scale} and {@link #unscale}
 * convert to and from what the diffusion model sees.
 *
 * <p>Shapes are {@code [B, C, H, W]} for images and {@code [B, C, T, H, W]} for video.
 */
public sealed interface Autoencoder extends Network permits AutoencoderKl, AutoencoderKlCogVideoX {

  AutoencoderSettings config();

  /** The names that weights bear in old checkpoints, by the name in {@link #parameters}. */
  default Map<String, String> aliases() {
    return Map.of();
  }

  /**
   * @param pixels {@code [B, 3, …]}, float32, in [-1, 1]
   * @return mean and unclamped logarithm of the variance {@code [B, 2 Z, …]}
   */
  NDArray encodeMoments(Pass pass, NDArray pixels);

  /**
   * @param latents {@code [B, Z, …]}, float32, {@link #unscale unscaled}
   * @return pixels {@code [B, 3, …]}, about [-1, 1], not clamped
   */
  NDArray decode(Pass pass, NDArray latents);

  /**
   * The mean of the encoded Gaussian, which is also its mode.
   *
   * @param moments {@code [B, 2 Z, …]}
   * @return {@code [B, Z, …]}, a view
   */
  default NDArray mean(NDArray moments) {
    return Ops.slice(moments, 1, 0, config().latentChannels());
  }

  /**
   * The logarithm of the encoded Gaussian's variance, clamped to [-30, 20].
   *
   * @param moments {@code [B, 2 Z, …]}
   * @return {@code [B, Z, …]}
   */
  default NDArray logVariance(NDArray moments) {
    int z = config().latentChannels();
    return Ops.slice(moments, 1, z, 2L * z).clip(-30, 20);
  }

  /**
   * {@code mean + exp(logvar / 2) noise}.
   *
   * @param moments {@code [B, 2 Z, …]}
   * @param noise unit Gaussian {@code [B, Z, …]}
   * @return {@code [B, Z, …]}
   */
  default NDArray sample(NDArray moments, NDArray noise) {
    return mean(moments).add(Ops.times(logVariance(moments), 0.5).exp().mul(noise));
  }

  /**
   * Latents {@code [B, Z, …]} as the diffusion model sees them: {@code (z - shift_factor)
   * scaling_factor}.
   */
  default NDArray scale(NDArray z) {
    return Ops.times(z.sub(config().shiftFactor()), config().scalingFactor());
  }

  /** The inverse of {@link #scale}: latents {@code [B, Z, …]} as {@link #decode} takes them. */
  default NDArray unscale(NDArray latents) {
    return Ops.times(latents, 1 / config().scalingFactor()).add(config().shiftFactor());
  }
}
