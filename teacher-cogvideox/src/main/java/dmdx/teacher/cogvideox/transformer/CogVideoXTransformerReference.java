package dmdx.teacher.cogvideox.transformer;

import ai.djl.ndarray.NDArray;
import dmdx.api.Conditioning;
import dmdx.api.network.ParameterSpec;
import dmdx.api.network.Pass;
import dmdx.nn.parity.ReferenceNetwork;
import dmdx.nn.parity.ReferenceNetworkProvider;
import dmdx.nn.weights.ModelConfig;
import java.util.List;
import java.util.Map;

/** Runs {@link CogVideoXTransformer} on reference cases, whose frames come before channels. */
public final class CogVideoXTransformerReference implements ReferenceNetworkProvider {

  /** Stateless. */
  public CogVideoXTransformerReference() {}

  @Override
  public boolean accepts(ModelConfig config) {
    return config.json().path("_class_name").asText().equals("CogVideoXTransformer3DModel");
  }

  @Override
  public ReferenceNetwork build(ModelConfig config) {
    return new Cases(new CogVideoXTransformer(CogVideoXTransformerConfig.of(config)));
  }

  private record Cases(CogVideoXTransformer network) implements ReferenceNetwork {

    @Override
    public List<ParameterSpec> parameters() {
      return network.parameters();
    }

    @Override
    public Map<String, NDArray> run(Pass pass, Map<String, NDArray> inputs) {
      NDArray frames = inputs.get("hidden_states");
      NDArray t = inputs.get("timestep");
      NDArray text = inputs.get("encoder_hidden_states");
      if (frames == null || t == null || text == null) {
        throw new IllegalArgumentException(
            "inputs are %s, expected hidden_states, timestep and encoder_hidden_states"
                .formatted(inputs.keySet()));
      }
      NDArray x = frames.transpose(0, 2, 1, 3, 4);
      NDArray cos = inputs.get("freqs_cos");
      NDArray sin = inputs.get("freqs_sin");
      Conditioning conditioning = new Conditioning(Map.of("encoder_hidden_states", text));
      NDArray y =
          cos == null || sin == null
              ? network.forward(pass, x, t, conditioning)
              : network.forward(
                  pass, x, t, conditioning, network.grid(x.getShape()), new Rotation(cos, sin));
      return Map.of("sample", y.transpose(0, 2, 1, 3, 4));
    }
  }
}
