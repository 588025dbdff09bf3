package dmdx.discriminator.dinov2;

import ai.djl.ndarray.NDArray;
import dmdx.api.network.ParameterSpec;
import dmdx.api.network.Pass;
import dmdx.nn.layer.Layer;
import dmdx.nn.layer.Linear;
import dmdx.nn.layer.Parameters;
import dmdx.nn.torch.Ops;

/** Self-attention of all tokens. */
record Dinov2Attention(int heads, Linear query, Linear key, Linear value, Linear output)
    implements Layer {

  static Dinov2Attention of(String name, Dinov2Config c) {
    return new Dinov2Attention(
        c.heads(),
        projection(name + ".attention.query", c),
        projection(name + ".attention.key", c),
        projection(name + ".attention.value", c),
        Linear.of(name + ".output.dense", c.hidden(), c.hidden()));
  }

  private static Linear projection(String name, Dinov2Config c) {
    int h = c.hidden();
    return new Linear(name, h, h, c.qkvBias(), ParameterSpec.fanIn(h));
  }

  @Override
  public void declare(Parameters parameters) {
    parameters.add(query, key, value, output);
  }

  /**
   * @param x {@code [B, N, h]}
   */
  NDArray forward(Pass pass, NDArray x) {
    NDArray q = Ops.splitHeads(query.forward(pass, x), heads);
    NDArray k = Ops.splitHeads(key.forward(pass, x), heads);
    NDArray v = Ops.splitHeads(value.forward(pass, x), heads);
    return output.forward(pass, Ops.mergeHeads(Ops.attention(q, k, v, null, null)));
  }
}
