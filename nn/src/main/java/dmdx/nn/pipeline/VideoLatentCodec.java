package dmdx.nn.pipeline;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import dmdx.api.ImageSize;
import dmdx.api.LatentCodec;
import dmdx.api.network.Pass;
import dmdx.nn.vae.AutoencoderKlCogVideoX;
import dmdx.nn.vae.Tiling;
import org.jspecify.annotations.Nullable;

/**
 * The video autoencoder of a pipeline. Latents are {@code [B, Z, T, h, w]}, pixels {@code [B, 3, F,
 * H, W]} with {@code T = (F - 1)/r + 1} and r the temporal compression, 4.
 *
 * @param network of component {@code vae}
 * @param model the architecture, for messages
 * @param patch latent positions that the denoiser takes together, along height and width
 * @param tiling how frames are cut to save memory; null, the standard, for whole frames. Norms see
 *     a tile at a time, so the result differs a little from that of whole frames
 */
public record VideoLatentCodec(
    AutoencoderKlCogVideoX network, String model, int patch, @Nullable Tiling tiling)
    implements LatentCodec {

  public VideoLatentCodec(AutoencoderKlCogVideoX network, String model, int patch) {
    this(network, model, patch, null);
  }

  /** The network for {@link PipelineNetworks#open}. */
  public PipelineNetworks.Unopened unopened() {
    return PipelineNetworks.Unopened.of(component(), network);
  }

  @Override
  public String component() {
    return "vae";
  }

  /**
   * @param size F is {@code k r + 1} with an even k: 1, 9, 17 … 49. The decoder makes {@code T r}
   *     frames of an even number of latent frames, more than were encoded
   */
  @Override
  public Shape latentShape(int rows, ImageSize size) {
    int unit = stride() * patch;
    int compression = network.config().temporalCompression();
    if ((size.frames() - 1) % (2 * compression) != 0
        || size.height() % unit != 0
        || size.width() % unit != 0) {
      int below = size.frames() - 1 - (size.frames() - 1) % (2 * compression) + 1;
      throw new IllegalArgumentException(
          ("%d frames of %dx%d: %s makes clips of %d k + 1 frames, for instance %d or %d, whose"
                  + " sides are multiples of %d")
              .formatted(
                  size.frames(),
                  size.height(),
                  size.width(),
                  model,
                  2 * compression,
                  below,
                  below + 2 * compression,
                  unit));
    }
    return new Shape(
        rows,
        network.config().latentChannels(),
        (size.frames() - 1) / compression + 1,
        size.height() / stride(),
        size.width() / stride());
  }

  @Override
  public int stride() {
    return network.config().downscale();
  }

  @Override
  public NDArray encode(Pass pass, NDArray pixels) {
    NDArray moments =
        tiling == null
            ? network.encodeMoments(pass, pixels)
            : tiling.encodeMoments(network, pass, pixels);
    return network.scale(network.mean(moments));
  }

  @Override
  public NDArray decode(Pass pass, NDArray latents) {
    NDArray z = network.unscale(latents);
    return tiling == null ? network.decode(pass, z) : tiling.decode(network, pass, z);
  }
}
