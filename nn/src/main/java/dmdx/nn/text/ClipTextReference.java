package dmdx.nn.text;

import ai.djl.ndarray.NDArray;
import dmdx.api.network.ParameterSpec;
import dmdx.api.network.Pass;
import dmdx.nn.parity.ReferenceNetwork;
import dmdx.nn.parity.ReferenceNetworkProvider;
import dmdx.nn.weights.ModelConfig;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Runs {@link ClipTextEncoder} on reference cases. */
public final class ClipTextReference implements ReferenceNetworkProvider {

  /** For the service loader. */
  public ClipTextReference() {}

  @Override
  public boolean accepts(ModelConfig config) {
    return config.json().path("model_type").asText().equals("clip_text_model");
  }

  @Override
  public ReferenceNetwork build(ModelConfig config) {
    return new Cases(ClipTextEncoder.of(ClipTextConfig.from(config)));
  }

  private record Cases(ClipTextEncoder network) implements ReferenceNetwork {

    @Override
    public List<ParameterSpec> parameters() {
      return network.parameters();
    }

    @Override
    public boolean ignores(String tensorName) {
      return ClipTextEncoder.ignores(tensorName);
    }

    @Override
    public Map<String, NDArray> run(Pass pass, Map<String, NDArray> inputs) {
      NDArray ids = inputs.get("input_ids");
      if (ids == null) {
        throw new IllegalArgumentException(
            "inputs are %s, expected input_ids and optionally attention_mask"
                .formatted(inputs.keySet()));
      }
      ClipTextEncoder.Output output = network.forward(pass, ids, inputs.get("attention_mask"));
      Map<String, NDArray> outputs = new LinkedHashMap<>();
      outputs.put("last_hidden_state", output.lastHiddenState());
      outputs.put("penultimate", output.penultimate());
      outputs.put("pooler_output", output.pooled());
      if (output.textEmbeds() != null) {
        outputs.put("text_embeds", output.textEmbeds());
      }
      return outputs;
    }
  }
}
