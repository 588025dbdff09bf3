package dmdx.nn.layer;

import ai.djl.ndarray.NDArray;
import dmdx.api.network.Pass;
import dmdx.nn.torch.Ops;

/**
 * The feed-forward network of transformer blocks: {@code net.2(gelu(net.0.proj(x)))} with the tanh
 * form of the GELU.
 *
 * @param name module path
 * @param width D; the hidden width is 4 D
 */
public record FeedForward(String name, int width) implements Layer {

  @Override
  public void declare(Parameters parameters) {
    parameters.add(expansion(), contraction());
  }

  /**
   * @param x {@code [B, N, D]}
   * @return {@code [B, N, D]}
   */
  public NDArray forward(Pass pass, NDArray x) {
    return contraction().forward(pass, Ops.geluTanh(expansion().forward(pass, x)));
  }

  private Linear expansion() {
    return Linear.of(name + ".net.0.proj", width, 4 * width);
  }

  private Linear contraction() {
    return Linear.of(name + ".net.2", 4 * width, width);
  }
}
