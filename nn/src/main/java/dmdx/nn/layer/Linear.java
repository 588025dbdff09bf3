package dmdx.nn.layer;

import ai.djl.ndarray.NDArray;
import dmdx.api.network.LowRank;
import dmdx.api.network.ParameterSpec;
import dmdx.api.network.ParameterSpec.Initial;
import dmdx.api.network.Pass;
import dmdx.nn.torch.Ops;

/**
 * {@code y = x W^T + b}; {@code weight [out, in]}, {@code bias [out]}.
 *
 * @param name module path
 * @param in input width
 * @param out output width
 * @param bias whether there is a bias
 * @param initial how the weight starts
 */
public record Linear(String name, int in, int out, boolean bias, Initial initial) implements Layer {

  public static Linear of(String name, int in, int out) {
    return new Linear(name, in, out, true, ParameterSpec.fanIn(in));
  }

  public static Linear withoutBias(String name, int in, int out) {
    return new Linear(name, in, out, false, ParameterSpec.fanIn(in));
  }

  /** Starts at zero, as the last layer of a residual branch does. */
  public static Linear zero(String name, int in, int out) {
    return new Linear(name, in, out, true, new Initial.Zeros());
  }

  @Override
  public void declare(Parameters parameters) {
    parameters.add(name + ".weight", initial, out, in);
    if (bias) {
      parameters.add(name + ".bias", new Initial.Zeros(), out);
    }
  }

  /**
   * @param input {@code […, in]}
   * @return {@code […, out]}, in the type of the weight
   */
  public NDArray forward(Pass pass, NDArray input) {
    NDArray b = bias ? pass.weight(name + ".bias") : null;
    LowRank parts = pass.lowRank(name + ".weight");
    NDArray weight = parts == null ? pass.weight(name + ".weight") : parts.base();
    NDArray x = Ops.castLike(input, weight);
    NDArray y = Ops.linear(x, weight, b);
    if (parts == null) {
      return y;
    }
    return Delta.add(
        y, parts, down -> Ops.linear(x, down, null), (h, up) -> Ops.linear(h, up, null));
  }
}
