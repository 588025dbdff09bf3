package dmdx.nn.vae;

import ai.djl.ndarray.NDArray;
import dmdx.api.network.ParameterSpec;
import dmdx.api.network.Pass;
import dmdx.nn.parity.ReferenceNetwork;
import dmdx.nn.parity.ReferenceNetworkProvider;
import dmdx.nn.torch.Ops;
import dmdx.nn.weights.ModelConfig;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Runs {@link AutoencoderKl} on reference cases: decodes {@code latents}, encodes {@code image}.
 */
public final class AutoencoderKlReference implements ReferenceNetworkProvider {

  /** For the service loader. */
  public AutoencoderKlReference() {}

  @Override
  public boolean accepts(ModelConfig config) {
    return config.json().path("_class_name").asText().equals("AutoencoderKL");
  }

  @Override
  public ReferenceNetwork build(ModelConfig config) {
    return new Cases(AutoencoderKl.of(AutoencoderKlConfig.from(config)));
  }

  private record Cases(AutoencoderKl network) implements ReferenceNetwork {

    @Override
    public List<ParameterSpec> parameters() {
      return network.parameters();
    }

    @Override
    public Map<String, NDArray> run(Pass pass, Map<String, NDArray> inputs) {
      NDArray latents = inputs.get("latents");
      if (latents != null) {
        return Map.of("sample", network.decode(pass, latents));
      }
      NDArray image = inputs.get("image");
      NDArray noise = inputs.get("noise");
      if (image == null || noise == null) {
        throw new IllegalArgumentException(
            "inputs are %s, expected latents, or image and noise".formatted(inputs.keySet()));
      }
      NDArray moments = network.encodeMoments(pass, image);
      NDArray logVariance = network.logVariance(moments);
      Map<String, NDArray> outputs = new LinkedHashMap<>();
      outputs.put("moments", moments);
      outputs.put("mode", network.mean(moments));
      outputs.put("logvar", logVariance);
      outputs.put("std", Ops.times(logVariance, 0.5).exp());
      outputs.put("sample", network.sample(moments, noise));
      outputs.put("scaled_mode", network.scale(network.mean(moments)));
      return outputs;
    }
  }
}
