package dmdx.discriminator.dinov2;

import ai.djl.ndarray.NDArray;
import dmdx.api.CheckpointException;
import dmdx.nn.backbone.EncoderReference;
import dmdx.nn.parity.ReferenceNetwork;
import dmdx.nn.parity.ReferenceNetworkProvider;
import dmdx.nn.torch.Ops;
import dmdx.nn.weights.ModelConfig;
import java.util.Map;

/** Offers the DINOv2 encoder for comparison with reference values. */
public final class Dinov2ReferenceProvider implements ReferenceNetworkProvider {

  /** Stateless. */
  public Dinov2ReferenceProvider() {}

  @Override
  public boolean accepts(ModelConfig config) {
    return config.text("model_type", "").equals("dinov2");
  }

  @Override
  public ReferenceNetwork build(ModelConfig config) {
    return build(config, PositionRule.OFFSET);
  }

  /**
   * The case's {@code position_interpolation_rule} is {@code offset} (also if absent) or {@code
   * size}.
   */
  @Override
  public ReferenceNetwork build(ModelConfig config, ModelConfig facts) {
    String key = "position_interpolation_rule";
    String rule = facts.text(key, "offset");
    return build(
        config,
        switch (rule) {
          case "offset" -> PositionRule.OFFSET;
          case "size" -> PositionRule.SIZE;
          default ->
              throw new CheckpointException(
                  "%s: '%s' is \"%s\", expected \"offset\" or \"size\""
                      .formatted(facts.path(), key, rule));
        });
  }

  private static ReferenceNetwork build(ModelConfig config, PositionRule rule) {
    Dinov2Encoder encoder = new Dinov2Encoder(Dinov2Config.from(config), rule);
    return new EncoderReference(
        encoder,
        (pass, last) -> {
          NDArray normalised = encoder.normalised(pass, last);
          return Map.of(
              "last_hidden_state",
              normalised,
              "pooler_output",
              Ops.slice(normalised, 1, 0, 1).squeeze(1));
        });
  }
}
