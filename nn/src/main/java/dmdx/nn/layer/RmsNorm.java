package dmdx.nn.layer;

import ai.djl.ndarray.NDArray;
import dmdx.api.network.ParameterSpec.Initial;
import dmdx.api.network.Pass;
import dmdx.nn.torch.Ops;

/**
 * {@code weight x / sqrt(mean(x^2) + eps)} over the last axis; {@code weight [D]}.
 *
 * @param name module path
 * @param width D
 * @param eps added to the mean square
 */
public record RmsNorm(String name, int width, double eps) implements Layer {

  @Override
  public void declare(Parameters parameters) {
    parameters.add(name + ".weight", new Initial.Ones(), width);
  }

  /**
   * @param x {@code […, D]}
   * @return the same shape, in the type of the weight; statistics are taken in float32
   */
  public NDArray forward(Pass pass, NDArray x) {
    return Ops.rmsNorm(x, pass.weight(name + ".weight"), eps);
  }
}
