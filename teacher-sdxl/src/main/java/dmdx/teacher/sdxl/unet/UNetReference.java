package dmdx.teacher.sdxl.unet;

import ai.djl.ndarray.NDArray;
import dmdx.api.Conditioning;
import dmdx.api.network.ParameterSpec;
import dmdx.api.network.Pass;
import dmdx.nn.parity.ReferenceNetwork;
import dmdx.nn.parity.ReferenceNetworkProvider;
import dmdx.nn.weights.ModelConfig;
import java.util.List;
import java.util.Map;

/** Runs {@link UNet2DCondition} on reference cases. */
public final class UNetReference implements ReferenceNetworkProvider {

  /** Stateless. */
  public UNetReference() {}

  @Override
  public boolean accepts(ModelConfig config) {
    return config.json().path("_class_name").asText().equals("UNet2DConditionModel");
  }

  @Override
  public ReferenceNetwork build(ModelConfig config) {
    return new Cases(new UNet2DCondition(UNetConfig.of(config)));
  }

  private record Cases(UNet2DCondition network) implements ReferenceNetwork {

    @Override
    public List<ParameterSpec> parameters() {
      return network.parameters();
    }

    @Override
    public Map<String, NDArray> run(Pass pass, Map<String, NDArray> inputs) {
      NDArray sample = inputs.get("sample");
      NDArray timestep = inputs.get("timestep");
      if (sample == null || timestep == null) {
        throw new IllegalArgumentException(
            "inputs are %s, expected sample, timestep and conditioning".formatted(inputs.keySet()));
      }
      NDArray t = timestep.reshape(-1).broadcast(sample.getShape().get(0));
      return Map.of("sample", network.forward(pass, sample, t, new Conditioning(inputs)));
    }
  }
}
