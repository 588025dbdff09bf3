package dmdx.nn.layer;

import ai.djl.ndarray.NDArray;
import dmdx.api.network.ParameterSpec.Initial;
import dmdx.api.network.Pass;
import dmdx.nn.torch.Ops;

/**
 * Group normalisation; {@code weight [C]}, {@code bias [C]}.
 *
 * @param name module path
 * @param channels C, a multiple of {@code groups}
 * @param groups number of groups
 * @param eps added to the variance
 */
public record GroupNorm(String name, int channels, int groups, double eps) implements Layer {
  public GroupNorm {
    if (groups < 1 || channels % groups != 0) {
      throw new IllegalArgumentException(
          "%s: %d channels cannot be split into %d groups; choose a divisor of the channels"
              .formatted(name, channels, groups));
    }
  }

  @Override
  public void declare(Parameters parameters) {
    parameters.add(name + ".weight", new Initial.Ones(), channels);
    parameters.add(name + ".bias", new Initial.Zeros(), channels);
  }

  /**
   * @param x {@code [B, C, …]}
   * @return the same shape, in the type of the weight; statistics are taken in float32
   */
  public NDArray forward(Pass pass, NDArray x) {
    NDArray weight = pass.weight(name + ".weight");
    return Ops.groupNorm(Ops.castLike(x, weight), groups, weight, pass.weight(name + ".bias"), eps);
  }
}
