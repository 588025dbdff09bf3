package dmdx.discriminator.sam;

import dmdx.nn.backbone.EncoderReference;
import dmdx.nn.parity.ReferenceNetwork;
import dmdx.nn.parity.ReferenceNetworkProvider;
import dmdx.nn.weights.ModelConfig;
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
    SamVisionEncoder encoder = new SamVisionEncoder(SamConfig.from(config));
    return new EncoderReference(
        encoder, (pass, last) -> Map.of("last_hidden_state", encoder.embedding(pass, last)));
  }
}
