package dmdx.api;

/**
 * A hidden state that a discriminator looks at.
 *
 * @param name module path of the layer whose output is taken, as in the checkpoint
 * @param channels channels C of the map
 * @param stride how many latent (or pixel) positions one map position spans along each spatial axis
 * @param dimensions 2 for maps {@code [B, C, H, W]}, 3 for {@code [B, C, T, H, W]}
 */
public record FeatureTap(String name, int channels, int stride, int dimensions) {
  public FeatureTap {
    if (channels < 1 || stride < 1 || dimensions < 2 || dimensions > 3) {
      throw new IllegalArgumentException(
          "tap '%s': channels %d, stride %d, dimensions %d; channels and stride are at least 1,"
                  .formatted(name, channels, stride, dimensions)
              + " dimensions is 2 or 3");
    }
  }
}
