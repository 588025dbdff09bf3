package dmdx.nn.pipeline;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import dmdx.api.ImageSize;
import dmdx.api.LatentCodec;
import dmdx.api.network.Pass;
import dmdx.nn.vae.AutoencoderKl;

/**
 * The image autoencoder of a pipeline in float32, whatever the file holds: SDXL's overflows in
 * float16.
 *
 * @param network of component {@code vae}
 * @param model the architecture, for messages
 * @param patch latent positions that the denoiser takes together, along each axis
 */
public record ImageLatentCodec(AutoencoderKl network, String model, int patch)
    implements LatentCodec {

  @Override
  public String component() {
    return "vae";
  }

  /** The network for {@link PipelineNetworks#open}. */
  public PipelineNetworks.Unopened unopened() {
    return new PipelineNetworks.Unopened(component(), network, network.aliases(), name -> false);
  }

  @Override
  public Shape latentShape(int rows, ImageSize size) {
    int stride = stride();
    int unit = stride * patch;
    if (size.frames() != 1 || size.height() % unit != 0 || size.width() % unit != 0) {
      throw new IllegalArgumentException(
          "%d frames of %dx%d: %s makes single pictures whose sides are multiples of %d"
              .formatted(size.frames(), size.height(), size.width(), model, unit));
    }
    return new Shape(
        rows, network.config().latentChannels(), size.height() / stride, size.width() / stride);
  }

  @Override
  public int stride() {
    return network.config().downscale();
  }

  @Override
  public NDArray encode(Pass pass, NDArray pixels) {
    return network.scale(network.mean(network.encodeMoments(pass, pixels)));
  }

  @Override
  public NDArray decode(Pass pass, NDArray latents) {
    return network.decode(pass, network.unscale(latents));
  }
}
