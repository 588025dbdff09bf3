package dmdx.api;

/**
 * A hidden state that a discriminator looks at.
 *
 * @param name module path of the layer whose output is taken, as in the checkpoint
 * @param channels channels C of the map, or the vector's length
 * @param stride how many latent (or pixel) positions one map position spans along each spatial
 *     axis; 1 for vectors
 * @param dimensions 0 for vectors {@code [B, C]}, 2 for maps {@code [B, C, H, W]}, 3 for {@code [B,
 *     C, T, H, W]}
 */
public record FeatureTap(String name, int channels, int stride, int dimensions) {
  public FeatureTap {
    if (channels < 1 || stride < 1 || dimensions < 0 || dimensions == 1 || dimensions > 3) {
      throw new IllegalArgumentException(
          "tap '%s': channels %d, stride %d, dimensions %d; channels and stride are at least 1,"
                  .formatted(name, channels, stride, dimensions)
              + " dimensions is 0, 2 or 3");
    }
    if (dimensions == 0 && stride != 1) {
      throw new IllegalArgumentException(
          "tap '%s': stride %d, but a vector has no positions; its stride is 1"
              .formatted(name, stride));
    }
  }
}
