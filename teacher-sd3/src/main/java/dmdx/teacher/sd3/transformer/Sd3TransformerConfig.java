package dmdx.teacher.sd3.transformer;

import dmdx.api.CheckpointException;
import dmdx.nn.weights.ModelConfig;
import java.util.ArrayList;
import java.util.List;

/**
 * The architecture in {@code transformer/config.json}.
 *
 * @param sampleSize latent size at which positions are spaced as in training
 * @param patch p
 * @param inChannels C
 * @param outChannels channels of the prediction
 * @param layers number of blocks
 * @param headWidth width of a head
 * @param heads number of heads
 * @param contextWidth width of the text tokens
 * @param pooledWidth P
 * @param tableSize side of the table of positions
 * @param dualLayers blocks with a second attention among image tokens (SD3.5 medium)
 * @param normalised whether queries and keys are normalised (SD3.5)
 */
public record Sd3TransformerConfig(
    int sampleSize,
    int patch,
    int inChannels,
    int outChannels,
    int layers,
    int headWidth,
    int heads,
    int contextWidth,
    int pooledWidth,
    int tableSize,
    List<Integer> dualLayers,
    boolean normalised) {
  /** Added to the variance in all norms of tokens. */
  static final double EPS = 1e-6;

  private static final String CLASS = "SD3Transformer2DModel";

  public Sd3TransformerConfig {
    dualLayers = List.copyOf(dualLayers);
  }

  /** D. */
  public int width() {
    return heads * headWidth;
  }

  /**
   * Reads a configuration.
   *
   * @throws CheckpointException naming file and every key of what is wrong or not supported
   */
  public static Sd3TransformerConfig of(ModelConfig config) {
    String qkNorm = config.text("qk_norm", "");
    Sd3TransformerConfig read =
        new Sd3TransformerConfig(
            config.integer("sample_size", 128),
            config.integer("patch_size", 2),
            config.integer("in_channels", 16),
            config.integer("out_channels", 16),
            config.integer("num_layers", 18),
            config.integer("attention_head_dim", 64),
            config.integer("num_attention_heads", 18),
            config.integer("joint_attention_dim", 4096),
            config.integer("pooled_projection_dim", 2048),
            config.integer("pos_embed_max_size", 96),
            config.integers("dual_attention_layers", List.of()),
            !qkNorm.isEmpty());
    List<String> problems = new ArrayList<>();
    String type = config.text("_class_name", CLASS);
    if (!type.equals(CLASS)) {
      problems.add("'_class_name' is %s, expected %s".formatted(type, CLASS));
    }
    if (!qkNorm.isEmpty() && !qkNorm.equals("rms_norm")) {
      problems.add("'qk_norm' is %s, expected null or rms_norm".formatted(qkNorm));
    }
    positive(problems, "sample_size", read.sampleSize);
    positive(problems, "patch_size", read.patch);
    positive(problems, "in_channels", read.inChannels);
    positive(problems, "out_channels", read.outChannels);
    positive(problems, "num_layers", read.layers);
    positive(problems, "attention_head_dim", read.headWidth);
    positive(problems, "num_attention_heads", read.heads);
    positive(problems, "joint_attention_dim", read.contextWidth);
    positive(problems, "pooled_projection_dim", read.pooledWidth);
    positive(problems, "pos_embed_max_size", read.tableSize);
    if (read.width() % 4 != 0) {
      problems.add(
          "'attention_head_dim' is %d with num_attention_heads %d, expected a product that 4 divides"
              .formatted(read.headWidth, read.heads));
    }
    int projection = config.integer("caption_projection_dim", 1152);
    if (projection != read.width()) {
      problems.add(
          "'caption_projection_dim' is %d, expected num_attention_heads attention_head_dim = %d"
              .formatted(projection, read.width()));
    }
    if (read.patch > read.sampleSize) {
      problems.add(
          "'sample_size' is %d, expected at least patch_size %d"
              .formatted(read.sampleSize, read.patch));
    }
    if (read.dualLayers.stream().anyMatch(i -> i < 0 || i >= read.layers)) {
      problems.add(
          "'dual_attention_layers' is %s, expected blocks from 0 to %d"
              .formatted(read.dualLayers, read.layers - 1));
    }
    if (!problems.isEmpty()) {
      throw new CheckpointException(
          "%s: %s. Use the config.json saved with the checkpoint."
              .formatted(config.path(), String.join("; ", problems)));
    }
    return read;
  }

  private static void positive(List<String> problems, String key, int value) {
    if (value < 1) {
      problems.add("'%s' is %d, expected at least 1".formatted(key, value));
    }
  }
}
