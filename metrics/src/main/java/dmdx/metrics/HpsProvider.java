package dmdx.metrics;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dmdx.api.Metric;
import dmdx.api.MetricProvider;
import dmdx.api.Teacher;
import dmdx.api.settings.Settings;
import dmdx.nn.clip.ClipConfig;
import dmdx.nn.weights.ModelConfig;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * Provides {@code hps}, HPSv2 and v2.1 (Wu et al. 2023): the mean of {@code 100 cos} over pictures
 * and their prompts. Settings:
 *
 * <ul>
 *   <li>{@code path}: the published file, or its tensors as safetensors, in OpenCLIP's layout
 *   <li>{@code tokenizer}: folder of {@code vocab.json} and {@code merges.txt} of any CLIP
 *   <li>{@code antialias}: whether pictures are shrunk smoothly; HPSv2 was published without
 *   <li>{@code config}: {@code config.json} of a {@code CLIPModel} of other sizes than ViT-H/14
 * </ul>
 */
public final class HpsProvider implements MetricProvider {

  /** Stateless. */
  public HpsProvider() {}

  @Override
  public String name() {
    return "hps";
  }

  @Override
  public String description() {
    return "human preference score v2 or v2.1, about 25 to 32";
  }

  @Override
  public Metric open(Teacher teacher, Settings settings) {
    Path file = settings.path("path");
    Path tokenizer = settings.path("tokenizer");
    boolean antialias = settings.flag("antialias");
    Path config = settings.optionalPath("config");
    settings.finish();
    return new MatchMetric(
        name(),
        ClipCheckpoint.file(file, sizes(file, config), tokenizer, antialias),
        (cosine, scale) -> 100 * cosine);
  }

  private static ClipConfig sizes(Path file, @Nullable Path config) {
    return ClipConfig.from(
        config == null ? ModelConfig.of(huge(), file) : ModelConfig.read(config));
  }

  /** ViT-H/14; the end of a text is at its largest id. */
  private static ObjectNode huge() {
    ObjectNode root = JsonNodeFactory.instance.objectNode().put("projection_dim", 1024);
    sizes(root.putObject("text_config"), 1024, 24).put("eos_token_id", 2);
    sizes(root.putObject("vision_config"), 1280, 32).put("patch_size", 14);
    return root;
  }

  private static ObjectNode sizes(ObjectNode tower, int width, int layers) {
    return tower
        .put("hidden_size", width)
        .put("intermediate_size", 4 * width)
        .put("num_hidden_layers", layers)
        .put("num_attention_heads", 16)
        .put("hidden_act", "gelu");
  }
}
