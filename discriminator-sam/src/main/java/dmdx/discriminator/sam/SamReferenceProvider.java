package dmdx.discriminator.sam;

import ai.djl.ndarray.NDArray;
import dmdx.api.network.ParameterSpec;
import dmdx.api.network.Pass;
import dmdx.nn.parity.ReferenceNetwork;
import dmdx.nn.parity.ReferenceNetworkProvider;
import dmdx.nn.weights.ModelConfig;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Offers the SAM encoder for comparison with reference values. */
public final class SamReferenceProvider implements ReferenceNetworkProvider {

  /** Stateless. */
  public SamReferenceProvider() {}

  @Override
  public boolean accepts(ModelConfig config) {
    return config.text("model_type", "").equals("sam");
  }

  @Override
  public ReferenceNetwork build(ModelConfig config) {
    return new Reference(new SamVisionEncoder(SamConfig.from(config)));
  }

  private record Reference(SamVisionEncoder encoder) implements ReferenceNetwork {

    @Override
    public List<ParameterSpec> parameters() {
      return encoder.parameters();
    }

    @Override
    public boolean ignores(String tensorName) {
      return SamVisionEncoder.isOther(tensorName);
    }

    @Override
    public Map<String, NDArray> run(Pass pass, Map<String, NDArray> inputs) {
      NDArray pixels = inputs.get("pixel_values");
      if (pixels == null) {
        throw new IllegalArgumentException("SAM encoder: no input 'pixel_values'");
      }
      int depth = encoder.config().layers();
      List<NDArray> states = encoder.hiddenStates(pass, pixels, depth);
      Map<String, NDArray> outputs = new LinkedHashMap<>();
      outputs.put("last_hidden_state", encoder.embedding(pass, states.get(depth)));
      for (int k = 1; k <= depth; k++) {
        outputs.put("feature." + k, states.get(k));
      }
      return outputs;
    }
  }
}
