package dmdx.nn.parity;

import ai.djl.ndarray.NDArray;
import dmdx.api.Conditioning;
import dmdx.api.network.Denoiser;
import dmdx.api.network.ParameterSpec;
import dmdx.api.network.Pass;
import java.util.List;
import java.util.Map;

/**
 * A denoiser for comparison with reference values: latents and {@code timestep}, one or one a row,
 * in; {@code sample} out. All inputs are its conditioning, too.
 *
 * @param latents the name of the latents among the inputs
 */
public record DenoiserReference(Denoiser network, String latents) implements ReferenceNetwork {

  @Override
  public List<ParameterSpec> parameters() {
    return network.parameters();
  }

  @Override
  public Map<String, NDArray> run(Pass pass, Map<String, NDArray> inputs) {
    NDArray x = inputs.get(latents);
    NDArray timestep = inputs.get("timestep");
    if (x == null || timestep == null) {
      throw new IllegalArgumentException(
          "inputs are %s, expected %s, timestep and conditioning"
              .formatted(inputs.keySet(), latents));
    }
    NDArray t = timestep.reshape(-1).broadcast(x.getShape().get(0));
    return Map.of("sample", network.forward(pass, x, t, new Conditioning(inputs)));
  }
}
