package dmdx.teacher.sd3.transformer;

import dmdx.nn.parity.DenoiserReference;
import dmdx.nn.parity.ReferenceNetwork;
import dmdx.nn.parity.ReferenceNetworkProvider;
import dmdx.nn.weights.ModelConfig;

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
    return new DenoiserReference(
        new Sd3Transformer(Sd3TransformerConfig.of(config)), "hidden_states");
  }
}
