package dmdx.nn.layer;

import ai.djl.ndarray.NDArray;
import dmdx.api.network.ParameterSpec.Initial;
import dmdx.api.network.Pass;
import dmdx.nn.torch.Ops;

/**
 * A table of vectors; {@code weight [entries, width]}.
 *
 * @param name module path
 * @param entries number of rows
 * @param width D
 */
public record Embedding(String name, int entries, int width) implements Layer {

  @Override
  public void declare(Parameters parameters) {
    parameters.add(name + ".weight", new Initial.Normal(0.02), entries, width);
  }

  /**
   * @param ids {@code [B, N]}, int64, in {@code 0 … entries-1}
   * @return {@code [B, N, D]}
   */
  public NDArray forward(Pass pass, NDArray ids) {
    return Ops.embedding(pass.weight(name + ".weight"), ids);
  }
}
