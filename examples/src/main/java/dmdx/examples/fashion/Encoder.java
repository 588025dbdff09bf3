package dmdx.examples.fashion;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Locale;
import java.util.Map;

/** Image encoders for the pixel discriminator: both 4 layers of 96 channels on 4x4 patches. */
enum Encoder {
  SAM {
    @Override
    ObjectNode config() {
      ObjectNode config = checkpoint("SamModel");
      ObjectNode vision = config.putObject("vision_config");
      vision.putArray("global_attn_indexes").add(1).add(3);
      vision.put("hidden_size", HIDDEN);
      vision.put("image_size", Wardrobe.SIZE);
      vision.put("mlp_dim", 4 * HIDDEN);
      vision.put("num_attention_heads", HEADS);
      vision.put("num_hidden_layers", LAYERS);
      vision.put("output_channels", 32);
      vision.put("patch_size", PATCH);
      vision.put("window_size", 4);
      return config;
    }

    @Override
    Map<String, Object> settings() {
      return Map.of();
    }
  },

  DINOV2 {
    @Override
    ObjectNode config() {
      return checkpoint("Dinov2Model")
          .put("hidden_size", HIDDEN)
          .put("image_size", Wardrobe.SIZE)
          .put("mlp_ratio", 4)
          .put("num_attention_heads", HEADS)
          .put("num_hidden_layers", LAYERS)
          .put("patch_size", PATCH);
    }

    @Override
    Map<String, Object> settings() {
      return Map.of("image-size", Wardrobe.SIZE);
    }
  };

  static final int HIDDEN = 96;
  static final int LAYERS = 4;
  private static final int HEADS = 4;
  private static final int PATCH = 4;

  /** The checkpoint's {@code config.json}. */
  abstract ObjectNode config();

  /** What the plugin must be told besides layers and variant. */
  abstract Map<String, Object> settings();

  /** Name of the plugin. */
  String plugin() {
    return name().toLowerCase(Locale.ROOT);
  }

  ObjectNode checkpoint(String architecture) {
    ObjectNode config = new ObjectMapper().createObjectNode();
    config.putArray("architectures").add(architecture);
    return config.put("model_type", plugin());
  }
}
