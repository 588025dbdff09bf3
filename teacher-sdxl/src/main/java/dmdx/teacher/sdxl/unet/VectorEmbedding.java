package dmdx.teacher.sdxl.unet;

import ai.djl.ndarray.NDArray;
import dmdx.api.network.Pass;
import dmdx.nn.layer.Layer;
import dmdx.nn.layer.Linear;
import dmdx.nn.layer.Parameters;
import dmdx.nn.torch.Ops;

/**
 * {@code linear_2(SiLU(linear_1(x)))}.
 *
 * @param name module path: {@code time_embedding} or {@code add_embedding}
 * @param in input width
 * @param out E
 */
record VectorEmbedding(String name, int in, int out) implements Layer {

  @Override
  public void declare(Parameters parameters) {
    parameters.add(first(), second());
  }

  /**
   * @param x {@code [B, in]}
   * @return {@code [B, E]}
   */
  NDArray forward(Pass pass, NDArray x) {
    return pass.tap(name, second().forward(pass, Ops.silu(first().forward(pass, x))));
  }

  private Linear first() {
    return Linear.of(name + ".linear_1", in, out);
  }

  private Linear second() {
    return Linear.of(name + ".linear_2", out, out);
  }
}
