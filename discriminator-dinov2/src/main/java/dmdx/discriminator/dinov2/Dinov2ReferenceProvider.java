package dmdx.discriminator.dinov2;

import ai.djl.ndarray.NDArray;
import dmdx.api.CheckpointException;
import dmdx.api.network.ParameterSpec;
import dmdx.api.network.Pass;
import dmdx.nn.parity.ReferenceNetwork;
import dmdx.nn.parity.ReferenceNetworkProvider;
import dmdx.nn.torch.Ops;
import dmdx.nn.weights.ModelConfig;
import java.util.LinkedHashMap;
import java.util.List;
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
    return new Reference(new Dinov2Encoder(Dinov2Config.from(config), rule));
  }

  private record Reference(Dinov2Encoder encoder) implements ReferenceNetwork {

    @Override
    public List<ParameterSpec> parameters() {
      return encoder.parameters();
    }

    @Override
    public Map<String, NDArray> run(Pass pass, Map<String, NDArray> inputs) {
      NDArray pixels = inputs.get("pixel_values");
      if (pixels == null) {
        throw new IllegalArgumentException("DINOv2 encoder: no input 'pixel_values'");
      }
      int depth = encoder.config().layers();
      List<NDArray> states = encoder.hiddenStates(pass, pixels, depth);
      Map<String, NDArray> outputs = new LinkedHashMap<>();
      NDArray last = encoder.normalised(pass, states.get(depth));
      outputs.put("last_hidden_state", last);
      outputs.put("pooler_output", Ops.slice(last, 1, 0, 1).squeeze(1));
      for (int k = 1; k <= depth; k++) {
        outputs.put("feature." + k, states.get(k));
      }
      return outputs;
    }
  }
}
