package dmdx.nn.text;

import ai.djl.ndarray.NDArray;
import dmdx.api.network.ParameterSpec;
import dmdx.api.network.Pass;
import dmdx.nn.parity.ReferenceNetwork;
import dmdx.nn.parity.ReferenceNetworkProvider;
import dmdx.nn.weights.ModelConfig;
import java.util.List;
import java.util.Map;

/** Runs {@link T5Encoder} on reference cases. */
public final class T5Reference implements ReferenceNetworkProvider {

  /** For the service loader. */
  public T5Reference() {}

  @Override
  public boolean accepts(ModelConfig config) {
    return config.json().path("model_type").asText().equals("t5");
  }

  @Override
  public ReferenceNetwork build(ModelConfig config) {
    return new Cases(T5Encoder.of(T5Config.from(config)));
  }

  private record Cases(T5Encoder network) implements ReferenceNetwork {

    @Override
    public List<ParameterSpec> parameters() {
      return network.parameters();
    }

    @Override
    public Map<String, String> aliases() {
      return T5Encoder.aliases();
    }

    @Override
    public boolean ignores(String tensorName) {
      return T5Encoder.ignores(tensorName);
    }

    @Override
    public Map<String, NDArray> run(Pass pass, Map<String, NDArray> inputs) {
      NDArray mask = inputs.get("attention_mask");
      NDArray embeddings = inputs.get("inputs_embeds");
      NDArray ids = inputs.get("input_ids");
      if (embeddings != null) {
        NDArray first = embeddings.reshape(embeddings.getShape()); // a state apart from the input
        return Map.of("last_hidden_state", network.encode(pass, first, mask));
      }
      if (ids == null) {
        throw new IllegalArgumentException(
            "inputs are %s, expected input_ids or inputs_embeds, and optionally attention_mask"
                .formatted(inputs.keySet()));
      }
      return Map.of("last_hidden_state", network.forward(pass, ids, mask));
    }
  }
}
