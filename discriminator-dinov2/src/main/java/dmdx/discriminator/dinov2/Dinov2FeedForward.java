package dmdx.discriminator.dinov2;

import ai.djl.ndarray.NDArray;
import dmdx.api.network.Pass;
import dmdx.nn.layer.Layer;
import dmdx.nn.layer.Linear;
import dmdx.nn.layer.Parameters;
import dmdx.nn.torch.Ops;

/**
 * {@code fc2(gelu(fc1(x)))}, or gated: {@code weights_out(silu(u) t)} with {@code [u, t] =
 * weights_in(x)}.
 */
record Dinov2FeedForward(Linear in, Linear out, boolean gated) implements Layer {

  static Dinov2FeedForward of(String name, Dinov2Config c) {
    int h = c.hidden();
    if (c.gated()) {
      int width = c.gatedWidth();
      return new Dinov2FeedForward(
          Linear.of(name + ".weights_in", h, 2 * width),
          Linear.of(name + ".weights_out", width, h),
          true);
    }
    return new Dinov2FeedForward(
        Linear.of(name + ".fc1", h, c.mlp()), Linear.of(name + ".fc2", c.mlp(), h), false);
  }

  @Override
  public void declare(Parameters parameters) {
    parameters.add(in, out);
  }

  /**
   * @param x {@code [B, N, h]}
   */
  NDArray forward(Pass pass, NDArray x) {
    NDArray inner = in.forward(pass, x);
    if (!gated) {
      return out.forward(pass, Ops.gelu(inner));
    }
    NDArray[] halves = Ops.halves(inner);
    return out.forward(pass, Ops.silu(halves[0]).mul(halves[1]));
  }
}
