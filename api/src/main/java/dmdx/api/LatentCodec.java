package dmdx.api;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import dmdx.api.network.Pass;
import org.jspecify.annotations.Nullable;

/**
 * Maps pictures or videos to the scaled latents the denoiser works on, and back. A picture is
 * {@code [B, 3, H, W]} with latents {@code [B, C, h, w]}; a video of F frames is {@code [B, 3, F,
 * H, W]} with latents {@code [B, C, T, h, w]} of fewer frames, {@code T <= F}.
 */
public interface LatentCodec {

  /**
   * The component of the teacher whose weights the codec runs with: {@code vae}. It is the codec's
   * alone: pre-training freezes it and trains the others. {@code null} for a codec without a
   * network, whose passes have no weights.
   */
  @Nullable String component();

  /**
   * Shape of the latents of one batch: {@code [rows, C, h, w]} or {@code [rows, C, T, h, w]}.
   *
   * @param size in pixels; {@link #decode} gives back exactly this many
   * @throws IllegalArgumentException if there are no such latents, naming sizes that have some
   */
  Shape latentShape(int rows, ImageSize size);

  /** Pixels per latent position along each spatial axis. */
  int stride();

  /**
   * @param pixels RGB {@code [B, 3, H, W]} or {@code [B, 3, F, H, W]} in [-1, 1], float32
   * @return latents, scaled for the denoiser; the mode of the posterior
   */
  NDArray encode(Pass pass, NDArray pixels);

  /**
   * @param latents scaled latents, of a shape that {@link #latentShape} gives
   * @return RGB pixels {@code [B, 3, H, W]} or {@code [B, 3, F, H, W]}, nominally in [-1, 1], not
   *     clamped; gradients flow through
   */
  NDArray decode(Pass pass, NDArray latents);

  /**
   * How many samples one picture shows: 1, unless a sample alone is nothing to look at, such as a
   * point of the plane.
   */
  default int samplesPerPicture() {
    return 1;
  }

  /**
   * What grids show of decoded samples.
   *
   * @param decoded {@code [n samplesPerPicture(), …]}
   * @return RGB {@code [n, 3, H, W]}, or {@code [n, 3, T, H, W]}, nominally in [-1, 1]
   */
  default NDArray pictures(NDArray decoded) {
    return decoded;
  }
}
