package dmdx.nn.backbone;

import ai.djl.ndarray.NDArray;
import dmdx.api.network.ParameterSpec;
import dmdx.api.network.Pass;
import dmdx.nn.parity.ReferenceNetwork;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * An encoder for comparison with reference values: {@code pixel_values} in, {@code feature.k}
 * behind layer k and the encoder's own outputs out.
 *
 * @param outputs what the encoder makes of its last hidden state, by output name
 */
public record EncoderReference(LayeredEncoder encoder, Outputs outputs)
    implements ReferenceNetwork {

  @Override
  public List<ParameterSpec> parameters() {
    return encoder.parameters();
  }

  @Override
  public boolean ignores(String tensorName) {
    return encoder.ignores(tensorName);
  }

  @Override
  public Map<String, NDArray> run(Pass pass, Map<String, NDArray> inputs) {
    NDArray pixels = inputs.get("pixel_values");
    if (pixels == null) {
      throw new IllegalArgumentException(
          "inputs are %s, expected pixel_values".formatted(inputs.keySet()));
    }
    int depth = encoder.dimensions().depth();
    List<NDArray> states = encoder.hiddenStates(pass, pixels, depth);
    Map<String, NDArray> results = new LinkedHashMap<>(outputs.of(pass, states.get(depth)));
    for (int k = 1; k <= depth; k++) {
      results.put("feature." + k, states.get(k));
    }
    return results;
  }

  /** An encoder's last steps. */
  @FunctionalInterface
  public interface Outputs {
    /**
     * @param last the last hidden state
     */
    Map<String, NDArray> of(Pass pass, NDArray last);
  }
}
