package dmdx.nn.clip;

import dmdx.api.CheckpointException;
import dmdx.nn.layer.Activation;
import dmdx.nn.layer.ClipLayer;
import dmdx.nn.text.ClipTextConfig;
import dmdx.nn.weights.ModelConfig;

/**
 * The settings of a {@link ClipModel}.
 *
 * @param text the text tower, with projection
 * @param vision the vision tower
 */
public record ClipConfig(ClipTextConfig text, Vision vision) {

  /**
   * The vision tower.
   *
   * @param layers its layers
   * @param imageSize side of a picture in pixels
   * @param patchSize side of a patch in pixels, divides {@code imageSize}
   */
  public record Vision(ClipLayer.Sizes layers, int imageSize, int patchSize) {
    /**
     * @throws IllegalArgumentException if a size is out of range
     */
    public Vision {
      if (layers.width() < 1 || layers.heads() < 1 || layers.width() % layers.heads() != 0) {
        throw new IllegalArgumentException(
            "vision_config: hidden_size %d is not a multiple of num_attention_heads %d"
                .formatted(layers.width(), layers.heads()));
      }
      if (layers.layers() < 1
          || layers.feedForward() < 1
          || patchSize < 1
          || imageSize < patchSize
          || imageSize % patchSize != 0) {
        throw new IllegalArgumentException(
            ("vision_config: num_hidden_layers %d, intermediate_size %d, image_size %d, patch_size"
                    + " %d: all must be at least 1, and image_size a multiple of patch_size")
                .formatted(layers.layers(), layers.feedForward(), imageSize, patchSize));
      }
    }

    /** N, the class token among them. */
    int tokens() {
      int grid = imageSize / patchSize;
      return 1 + grid * grid;
    }
  }

  /**
   * @throws IllegalArgumentException if the text tower has no projection
   */
  public ClipConfig {
    if (text.projection() < 1) {
      throw new IllegalArgumentException("projection_dim must be at least 1");
    }
  }

  /** P. */
  public int projection() {
    return text.projection();
  }

  /**
   * Reads the {@code config.json} of a {@code CLIPModel}. The width of both projections is the
   * {@code projection_dim} of the whole, whatever the towers' own say.
   *
   * @throws CheckpointException naming file and key
   */
  public static ClipConfig from(ModelConfig config) {
    ModelConfig vision = config.section("vision_config");
    vision.requireNeutral("num_channels", 3);
    try {
      return new ClipConfig(
          ClipTextConfig.from(config.section("text_config"))
              .withProjection(config.integer("projection_dim", 512)),
          new Vision(
              new ClipLayer.Sizes(
                  vision.integer("hidden_size", 768),
                  vision.integer("intermediate_size", 3072),
                  vision.integer("num_hidden_layers", 12),
                  vision.integer("num_attention_heads", 12),
                  Activation.from(vision),
                  vision.number("layer_norm_eps", 1e-5)),
              vision.integer("image_size", 224),
              vision.integer("patch_size", 32)));
    } catch (IllegalArgumentException e) {
      throw new CheckpointException(config.path() + ": " + e.getMessage(), e);
    }
  }
}
