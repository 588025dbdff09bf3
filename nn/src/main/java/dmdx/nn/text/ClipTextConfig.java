package dmdx.nn.text;

import dmdx.api.CheckpointException;
import dmdx.nn.layer.Activation;
import dmdx.nn.layer.ClipLayer;
import dmdx.nn.weights.ModelConfig;
import java.util.ArrayList;
import java.util.List;

/**
 * The settings of a {@link ClipTextEncoder}.
 *
 * @param vocabulary V
 * @param width D
 * @param feedForward width of the feed-forward layers
 * @param layers N
 * @param heads divides the width
 * @param positions longest prompt in tokens
 * @param activation of the feed-forward layers
 * @param eps of every norm
 * @param endToken id of the end-of-text token, or {@link #LARGEST_ID}
 * @param projection width of the projected text embedding, 0 if there is none
 */
public record ClipTextConfig(
    int vocabulary,
    int width,
    int feedForward,
    int layers,
    int heads,
    int positions,
    Activation activation,
    double eps,
    int endToken,
    int projection) {

  /** An {@link #endToken} that says: pool at the largest id, as the published checkpoints do. */
  public static final int LARGEST_ID = 2;

  /**
   * @throws IllegalArgumentException naming every setting that is out of range
   */
  public ClipTextConfig {
    List<String> problems = new ArrayList<>();
    if (vocabulary < 1 || width < 1 || feedForward < 1 || layers < 1 || positions < 1) {
      problems.add(
          "vocab_size %d, hidden_size %d, intermediate_size %d, num_hidden_layers %d, max_position_embeddings %d: all must be at least 1"
              .formatted(vocabulary, width, feedForward, layers, positions));
    }
    if (heads < 1 || width % heads != 0) {
      problems.add(
          "hidden_size %d is not a multiple of num_attention_heads %d".formatted(width, heads));
    }
    if (projection < 0) {
      problems.add("projection_dim %d must be at least 1".formatted(projection));
    }
    if (!problems.isEmpty()) {
      throw new IllegalArgumentException(String.join("; ", problems));
    }
  }

  /**
   * Reads the {@code config.json} of a text encoder; {@code architectures} says whether it has a
   * projection.
   *
   * @throws CheckpointException naming file and key
   */
  public static ClipTextConfig from(ModelConfig config) {
    return from(config, false);
  }

  /**
   * Reads the {@code config.json} of a text encoder.
   *
   * @param projected whether there is a projection if {@code architectures} does not say
   * @throws CheckpointException naming file and key
   */
  public static ClipTextConfig from(ModelConfig config, boolean projected) {
    List<String> architectures = config.texts("architectures", List.of());
    boolean projects =
        architectures.isEmpty() ? projected : architectures.contains("CLIPTextModelWithProjection");
    try {
      return new ClipTextConfig(
          config.integer("vocab_size", 49408),
          config.integer("hidden_size", 512),
          config.integer("intermediate_size", 2048),
          config.integer("num_hidden_layers", 12),
          config.integer("num_attention_heads", 8),
          config.integer("max_position_embeddings", 77),
          Activation.from(config),
          config.number("layer_norm_eps", 1e-5),
          config.integer("eos_token_id", 49407),
          projects ? config.integer("projection_dim", 512) : 0);
    } catch (IllegalArgumentException e) {
      throw new CheckpointException(config.path() + ": " + e.getMessage(), e);
    }
  }

  /** The same encoder with a projection of another width. */
  public ClipTextConfig withProjection(int width) {
    return new ClipTextConfig(
        vocabulary,
        this.width,
        feedForward,
        layers,
        heads,
        positions,
        activation,
        eps,
        endToken,
        width);
  }

  /** What all layers have in common. */
  ClipLayer.Sizes layerSizes() {
    return new ClipLayer.Sizes(width, feedForward, layers, heads, activation, eps);
  }
}
