package dmdx.nn.layer;

import ai.djl.ndarray.NDArray;
import dmdx.api.network.Pass;
import dmdx.nn.torch.Ops;

/**
 * {@code linear_2(SiLU(linear_1(x)))}; a pass offers the result.
 *
 * @param name module path
 * @param in input width
 * @param out E, width of the embedding
 */
public record VectorEmbedding(String name, int in, int out) implements Layer {

  @Override
  public void declare(Parameters parameters) {
    parameters.add(first(), second());
  }

  /**
   * @param x {@code [B, in]}
   * @return {@code [B, E]}
   */
  public NDArray forward(Pass pass, NDArray x) {
    return pass.tap(name, second().forward(pass, Ops.silu(first().forward(pass, x))));
  }

  private Linear first() {
    return Linear.of(name + ".linear_1", in, out);
  }

  private Linear second() {
    return Linear.of(name + ".linear_2", out, out);
  }
}
