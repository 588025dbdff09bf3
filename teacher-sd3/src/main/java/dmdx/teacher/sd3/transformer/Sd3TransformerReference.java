package dmdx.teacher.sd3.transformer;

import ai.djl.ndarray.NDArray;
import dmdx.api.Conditioning;
import dmdx.api.network.ParameterSpec;
import dmdx.api.network.Pass;
import dmdx.nn.parity.ReferenceNetwork;
import dmdx.nn.parity.ReferenceNetworkProvider;
import dmdx.nn.weights.ModelConfig;
import java.util.List;
import java.util.Map;

/** Runs {@link Sd3Transformer} on reference cases. */
public final class Sd3TransformerReference implements ReferenceNetworkProvider {

  /** Stateless. */
  public Sd3TransformerReference() {}

  @Override
  public boolean accepts(ModelConfig config) {
    return config.json().path("_class_name").asText().equals("SD3Transformer2DModel");
  }

  @Override
  public ReferenceNetwork build(ModelConfig config) {
    return new Cases(new Sd3Transformer(Sd3TransformerConfig.of(config)));
  }

  private record Cases(Sd3Transformer network) implements ReferenceNetwork {

    @Override
    public List<ParameterSpec> parameters() {
      return network.parameters();
    }

    @Override
    public Map<String, NDArray> run(Pass pass, Map<String, NDArray> inputs) {
      NDArray x = inputs.get("hidden_states");
      NDArray t = inputs.get("timestep");
      if (x == null || t == null) {
        throw new IllegalArgumentException(
            "inputs are %s, expected hidden_states, timestep and conditioning"
                .formatted(inputs.keySet()));
      }
      return Map.of("sample", network.forward(pass, x, t, new Conditioning(inputs)));
    }
  }
}
