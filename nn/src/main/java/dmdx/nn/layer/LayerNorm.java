package dmdx.nn.layer;

import ai.djl.ndarray.NDArray;
import dmdx.api.network.ParameterSpec.Initial;
import dmdx.api.network.Pass;
import dmdx.nn.torch.Ops;

/**
 * Layer normalisation over the last axis; {@code weight [D]}, {@code bias [D]}.
 *
 * @param name module path
 * @param width D
 * @param eps added to the variance
 */
public record LayerNorm(String name, int width, double eps) implements Layer {

  @Override
  public void declare(Parameters parameters) {
    parameters.add(name + ".weight", new Initial.Ones(), width);
    parameters.add(name + ".bias", new Initial.Zeros(), width);
  }

  /**
   * @param x {@code […, D]}
   */
  public NDArray forward(Pass pass, NDArray x) {
    return Ops.layerNorm(x, pass.weight(name + ".weight"), pass.weight(name + ".bias"), eps);
  }
}
