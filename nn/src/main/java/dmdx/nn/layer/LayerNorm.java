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
   * @return the same shape, in the type of the weight; statistics are taken in float32
   */
  public NDArray forward(Pass pass, NDArray x) {
    NDArray weight = pass.weight(name + ".weight");
    return Ops.layerNorm(Ops.castLike(x, weight), weight, pass.weight(name + ".bias"), eps);
  }
}
