package dmdx.teacher.sdxl.unet;

import dmdx.nn.parity.DenoiserReference;
import dmdx.nn.parity.ReferenceNetwork;
import dmdx.nn.parity.ReferenceNetworkProvider;
import dmdx.nn.weights.ModelConfig;

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
    return new DenoiserReference(new UNet2DCondition(UNetConfig.of(config)), "sample");
  }
}
