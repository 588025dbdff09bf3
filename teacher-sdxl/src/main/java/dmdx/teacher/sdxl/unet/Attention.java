package dmdx.teacher.sdxl.unet;

import ai.djl.ndarray.NDArray;
import dmdx.api.network.Pass;
import dmdx.nn.layer.Layer;
import dmdx.nn.layer.Linear;
import dmdx.nn.layer.Parameters;
import dmdx.nn.torch.Ops;

/**
 * {@code to_out(softmax(q k^T / sqrt(d)) v)} with {@code q = to_q(x)}, {@code k, v = to_k(context),
 * to_v(context)}.
 *
 * @param name module path: {@code ….attn1} (self) or {@code ….attn2} (text)
 * @param width C, of queries and result
 * @param contextWidth width of the context
 * @param heads number of heads, a divisor of C
 */
record Attention(String name, int width, int contextWidth, int heads) implements Layer {

  @Override
  public void declare(Parameters parameters) {
    parameters.add(query(), key(), value(), output());
  }

  /**
   * @param x {@code [B, N, C]}
   * @param context {@code [B, M, contextWidth]}
   * @return {@code [B, N, C]}
   */
  NDArray forward(Pass pass, NDArray x, NDArray context) {
    NDArray q = Ops.splitHeads(query().forward(pass, x), heads);
    NDArray k = Ops.splitHeads(key().forward(pass, context), heads);
    NDArray v = Ops.splitHeads(value().forward(pass, context), heads);
    return output().forward(pass, Ops.mergeHeads(Ops.attention(q, k, v, null, null)));
  }

  private Linear query() {
    return Linear.withoutBias(name + ".to_q", width, width);
  }

  private Linear key() {
    return Linear.withoutBias(name + ".to_k", contextWidth, width);
  }

  private Linear value() {
    return Linear.withoutBias(name + ".to_v", contextWidth, width);
  }

  private Linear output() {
    return Linear.of(name + ".to_out.0", width, width);
  }
}
