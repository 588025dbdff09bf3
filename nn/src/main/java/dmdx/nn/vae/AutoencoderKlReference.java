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
 * Runs autoencoders on reference cases: decodes {@code latents}, encodes {@code image} or {@code
 * video}.
 */
public final class AutoencoderKlReference implements ReferenceNetworkProvider {
  private static final String IMAGE = "AutoencoderKL";
  private static final String VIDEO = "AutoencoderKLCogVideoX";

  /** For the service loader. */
  public AutoencoderKlReference() {}

  @Override
  public boolean accepts(ModelConfig config) {
    return name(config).equals(IMAGE) || name(config).equals(VIDEO);
  }

  private static String name(ModelConfig config) {
    return config.json().path("_class_name").asText();
  }

  @Override
  public ReferenceNetwork build(ModelConfig config) {
    return new Cases(
        name(config).equals(VIDEO)
            ? AutoencoderKlCogVideoX.of(AutoencoderKlCogVideoXConfig.from(config))
            : AutoencoderKl.of(AutoencoderKlConfig.from(config)));
  }

  private record Cases(Autoencoder network) implements ReferenceNetwork {

    @Override
    public List<ParameterSpec> parameters() {
      return network.parameters();
    }

    @Override
    public Map<String, String> aliases() {
      return network.aliases();
    }

    @Override
    public Map<String, NDArray> run(Pass pass, Map<String, NDArray> inputs) {
      NDArray latents = inputs.get("latents");
      if (latents != null) {
        return Map.of("sample", network.decode(pass, latents));
      }
      NDArray pixels = inputs.getOrDefault("image", inputs.get("video"));
      if (pixels == null) {
        throw new IllegalArgumentException(
            "inputs are %s, expected latents, image or video".formatted(inputs.keySet()));
      }
      NDArray noise = inputs.get("noise");
      NDArray moments = network.encodeMoments(pass, pixels);
      NDArray logVariance = network.logVariance(moments);
      Map<String, NDArray> outputs = new LinkedHashMap<>();
      outputs.put("moments", moments);
      outputs.put("mode", network.mean(moments));
      outputs.put("logvar", logVariance);
      outputs.put("std", Ops.times(logVariance, 0.5).exp());
      if (noise != null) {
        outputs.put("sample", network.sample(moments, noise));
      }
      outputs.put("scaled_mode", network.scale(network.mean(moments)));
      return outputs;
    }
  }
}
