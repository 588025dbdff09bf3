package dmdx.teacher.cogvideox.transformer;

import dmdx.api.CheckpointException;
import dmdx.nn.weights.ModelConfig;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The architecture in {@code transformer/config.json}.
 *
 * @param layers number of blocks
 * @param heads number of heads
 * @param headWidth d
 * @param inChannels C
 * @param outChannels channels of the prediction
 * @param patch p
 * @param patchBias whether the patches' projection has a bias
 * @param attentionBias whether queries, keys and values have a bias
 * @param timeWidth E
 * @param contextWidth width of the text tokens
 * @param textLength M of the pipeline; the only one that sine positions allow
 * @param cosineFirst order in the timestep's sinusoid
 * @param frequencyShift of the timestep's sinusoid
 * @param eps added to the variance of all norms but those of queries and keys
 * @param positions how tokens know where they are
 */
public record CogVideoXTransformerConfig(
    int layers,
    int heads,
    int headWidth,
    int inChannels,
    int outChannels,
    int patch,
    boolean patchBias,
    boolean attentionBias,
    int timeWidth,
    int contextWidth,
    int textLength,
    boolean cosineFirst,
    int frequencyShift,
    double eps,
    Positions positions) {
  private static final String CLASS = "CogVideoXTransformer3DModel";
  private static final int UNIT = 16;

  /** How tokens know where they are. */
  public sealed interface Positions {
    /**
     * Sines and cosines added to the video tokens (2b).
     *
     * @param spatialScale rows and columns are divided by it
     * @param temporalScale frames are divided by it
     */
    record Added(double spatialScale, double temporalScale) implements Positions {}

    /**
     * Queries and keys are rotated (5b).
     *
     * @param rows h at training
     * @param columns w at training
     */
    record Rotary(int rows, int columns) implements Positions {}
  }

  /** D. */
  public int width() {
    return heads * headWidth;
  }

  /**
   * Reads a configuration.
   *
   * @throws CheckpointException naming file and key of what is wrong or not supported
   */
  public static CogVideoXTransformerConfig of(ModelConfig config) {
    config.requireNeutral("_class_name", CLASS);
    config.requireNeutral("patch_size_t");
    config.requireNeutral("ofs_embed_dim");
    config.requireNeutral("use_learned_positional_embeddings", false);
    config.requireNeutral("activation_fn", "gelu-approximate");
    config.requireNeutral("timestep_activation_fn", "silu");
    config.requireNeutral("norm_elementwise_affine", true);
    Map<String, Integer> sizes = new LinkedHashMap<>();
    sizes.put("num_layers", 30);
    sizes.put("num_attention_heads", 30);
    sizes.put("attention_head_dim", 64);
    sizes.put("in_channels", 16);
    sizes.put("out_channels", 16);
    sizes.put("patch_size", 2);
    sizes.put("time_embed_dim", 512);
    sizes.put("text_embed_dim", 4096);
    sizes.put("max_text_seq_length", 226);
    sizes.put("sample_width", 90);
    sizes.put("sample_height", 60);
    sizes.replaceAll(config::integer);
    boolean rotary = config.flag("use_rotary_positional_embeddings", false);
    requireValid(config, sizes, rotary);
    int patch = size(sizes, "patch_size");
    return new CogVideoXTransformerConfig(
        size(sizes, "num_layers"),
        size(sizes, "num_attention_heads"),
        size(sizes, "attention_head_dim"),
        size(sizes, "in_channels"),
        size(sizes, "out_channels"),
        patch,
        config.flag("patch_bias", true),
        config.flag("attention_bias", true),
        size(sizes, "time_embed_dim"),
        size(sizes, "text_embed_dim"),
        size(sizes, "max_text_seq_length"),
        config.flag("flip_sin_to_cos", true),
        config.integer("freq_shift", 0),
        config.number("norm_eps", 1e-5),
        rotary
            ? new Positions.Rotary(
                size(sizes, "sample_height") / patch, size(sizes, "sample_width") / patch)
            : new Positions.Added(
                config.number("spatial_interpolation_scale", 1.875),
                config.number("temporal_interpolation_scale", 1)));
  }

  private static void requireValid(ModelConfig config, Map<String, Integer> sizes, boolean rotary) {
    List<String> problems = new ArrayList<>();
    sizes.forEach(
        (key, value) -> {
          if (value < 1) {
            problems.add("'%s' is %d, expected at least 1".formatted(key, value));
          }
        });
    int patch = size(sizes, "patch_size");
    for (String key : List.of("sample_width", "sample_height")) {
      if (size(sizes, key) < patch) {
        problems.add(
            "'%s' is %d, expected at least patch_size %d".formatted(key, size(sizes, key), patch));
      }
    }
    int head = size(sizes, "attention_head_dim");
    int heads = size(sizes, "num_attention_heads");
    if (rotary && head % UNIT != 0) {
      problems.add("'attention_head_dim' is %d, expected a multiple of %d".formatted(head, UNIT));
    } else if (head * heads % UNIT != 0) {
      problems.add(
          "'attention_head_dim' is %d with num_attention_heads %d, expected a product that %d divides"
              .formatted(head, heads, UNIT));
    }
    for (String key : List.of("spatial_interpolation_scale", "temporal_interpolation_scale")) {
      if (!(config.number(key, 1) > 0)) {
        problems.add("'%s' is %s, expected above 0".formatted(key, config.number(key, 1)));
      }
    }
    if (!problems.isEmpty()) {
      throw new CheckpointException(
          "%s: %s. Use the config.json saved with the checkpoint."
              .formatted(config.path(), String.join("; ", problems)));
    }
  }

  private static int size(Map<String, Integer> sizes, String key) {
    return java.util.Objects.requireNonNull(sizes.get(key), key);
  }
}
