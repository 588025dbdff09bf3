package dmdx.losses;

import ai.djl.ndarray.NDArray;
import dmdx.api.network.Pass;
import dmdx.nn.heads.Head;
import dmdx.nn.layer.Linear;
import dmdx.nn.layer.Parameters;
import dmdx.nn.torch.Ops;

/**
 * A head for vectors: two hidden layers with SiLU, then one logit, which starts at zero as that of
 * {@link ConvHead} does.
 *
 * @param name module path: {@code heads.0}
 * @param first {@code first}
 * @param second {@code second}
 * @param output {@code output}
 */
record MlpHead(String name, Linear first, Linear second, Linear output) implements Head {

  static MlpHead of(String name, int in, int width) {
    return new MlpHead(
        name,
        Linear.of(name + ".first", in, width),
        Linear.of(name + ".second", width, width),
        Linear.zero(name + ".output", width, 1));
  }

  @Override
  public void declare(Parameters parameters) {
    parameters.add(first, second, output);
  }

  /**
   * @param x {@code [B, C]}
   * @return logits {@code [B, 1]}
   */
  @Override
  public NDArray forward(Pass pass, NDArray x) {
    NDArray h = Ops.silu(first.forward(pass, x));
    return output.forward(pass, Ops.silu(second.forward(pass, h)));
  }
}
