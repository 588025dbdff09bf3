package dmdx.nn.text;

import dmdx.api.CheckpointException;
import dmdx.nn.layer.Activation;
import dmdx.nn.weights.ModelConfig;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;

/**
 * The settings of a {@link T5Encoder}.
 *
 * @param vocabulary V
 * @param width D
 * @param headWidth width of a head; heads times this need not be D
 * @param feedForward width of the feed-forward layers
 * @param layers N
 * @param heads h
 * @param buckets number of relative distances told apart
 * @param maxDistance distance from which on all are one
 * @param eps of every norm
 * @param gated whether feed-forward layers are gated (v1.1) or not (v1.0)
 * @param activation of the feed-forward layers
 */
public record T5Config(
    int vocabulary,
    int width,
    int headWidth,
    int feedForward,
    int layers,
    int heads,
    int buckets,
    int maxDistance,
    double eps,
    boolean gated,
    Activation activation) {
  private static final String GATED = "gated-";

  private static final Map<String, Activation> ACTIVATIONS =
      Map.of(
          "relu", Activation.RELU,
          "gelu", Activation.GELU,
          "gelu_new", Activation.GELU_TANH,
          "silu", Activation.SILU,
          "swish", Activation.SILU);

  /**
   * @throws IllegalArgumentException naming every setting that is out of range
   */
  public T5Config {
    List<String> problems = new ArrayList<>();
    if (Math.min(Math.min(vocabulary, width), Math.min(headWidth, feedForward)) < 1
        || Math.min(layers, heads) < 1) {
      problems.add(
          "vocab_size %d, d_model %d, d_kv %d, d_ff %d, num_layers %d, num_heads %d: all must be at least 1"
              .formatted(vocabulary, width, headWidth, feedForward, layers, heads));
    }
    if (buckets < 4 || buckets % 2 != 0 || maxDistance <= buckets / 4) {
      problems.add(
          "relative_attention_num_buckets %d must be even and at least 4, relative_attention_max_distance %d above a quarter of it"
              .formatted(buckets, maxDistance));
    }
    if (!problems.isEmpty()) {
      throw new IllegalArgumentException(String.join("; ", problems));
    }
  }

  /**
   * Reads the {@code config.json} of a text encoder.
   *
   * @throws CheckpointException naming file and key
   */
  public static T5Config from(ModelConfig config) {
    String projection = config.text("feed_forward_proj", "relu");
    boolean gated = projection.startsWith(GATED);
    String name = gated ? projection.substring(GATED.length()) : projection;
    // published files say gelu where they mean its approximation
    Activation activation = ACTIVATIONS.get(gated && name.equals("gelu") ? "gelu_new" : name);
    if (activation == null) {
      throw new CheckpointException(
          "%s: 'feed_forward_proj' is '%s', expected one of %s, or '%s' and one of them. Use a T5 v1.0 or v1.1 encoder."
              .formatted(
                  config.path(),
                  projection,
                  String.join(", ", new TreeSet<>(ACTIVATIONS.keySet())),
                  GATED));
    }
    try {
      return new T5Config(
          config.integer("vocab_size", 32128),
          config.integer("d_model", 512),
          config.integer("d_kv", 64),
          config.integer("d_ff", 2048),
          config.integer("num_layers", 6),
          config.integer("num_heads", 8),
          config.integer("relative_attention_num_buckets", 32),
          config.integer("relative_attention_max_distance", 128),
          config.number("layer_norm_epsilon", 1e-6),
          gated,
          activation);
    } catch (IllegalArgumentException e) {
      throw new CheckpointException(
          "%s: %s. Use the config.json saved with the checkpoint."
              .formatted(config.path(), e.getMessage()),
          e);
    }
  }

  /** Width of all heads together. */
  int attentionWidth() {
    return heads * headWidth;
  }

  /**
   * The bucket of a distance: one each for short ones, logarithmic beyond, half of all for either
   * direction.
   *
   * @param distance position of the key minus position of the query
   */
  int bucket(int distance) {
    int half = buckets / 2;
    int exact = half / 2;
    int offset = distance > 0 ? half : 0;
    int length = Math.abs(distance);
    if (length < exact) {
      return offset + length;
    }
    double scaled =
        Math.log((double) length / exact) / Math.log((double) maxDistance / exact) * (half - exact);
    // whole at powers of two: rounding must not put those one bucket lower
    return offset + Math.min(half - 1, exact + (int) (scaled + 1e-9));
  }
}
