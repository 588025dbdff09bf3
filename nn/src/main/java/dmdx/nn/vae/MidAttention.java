package dmdx.nn.vae;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import dmdx.api.network.Pass;
import dmdx.nn.layer.GroupNorm;
import dmdx.nn.layer.Layer;
import dmdx.nn.layer.Linear;
import dmdx.nn.layer.Parameters;
import dmdx.nn.torch.Ops;
import java.util.Map;

/**
 * Single-head self-attention over all positions of a feature map, added to its input: {@code x +
 * to_out(softmax(q k^T / sqrt(C)) v)} with q, k, v linear in {@code group_norm(x)}.
 *
 * @param name module path
 * @param channels C
 * @param groups groups of the norm
 */
record MidAttention(String name, int channels, int groups) implements Layer {

  @Override
  public void declare(Parameters parameters) {
    parameters.add(norm(), linear("to_q"), linear("to_k"), linear("to_v"), linear("to_out.0"));
  }

  /** The names the linear layers bear in checkpoints of before 2023, by today's name. */
  static Map<String, String> formerNames() {
    return Map.of("to_q", "query", "to_k", "key", "to_v", "value", "to_out.0", "proj_attn");
  }

  /**
   * @param x {@code [B, C, H, W]}
   */
  NDArray forward(Pass pass, NDArray x) {
    Shape shape = x.getShape();
    NDArray y = norm().forward(pass, x).reshape(shape.get(0), channels, -1).transpose(0, 2, 1);
    NDArray q = Ops.splitHeads(linear("to_q").forward(pass, y), 1);
    NDArray k = Ops.splitHeads(linear("to_k").forward(pass, y), 1);
    NDArray v = Ops.splitHeads(linear("to_v").forward(pass, y), 1);
    NDArray mixed = Ops.mergeHeads(Ops.attention(q, k, v, null, null));
    NDArray out = linear("to_out.0").forward(pass, mixed);
    return x.add(out.transpose(0, 2, 1).reshape(shape));
  }

  private GroupNorm norm() {
    return new GroupNorm(name + ".group_norm", channels, groups, AutoencoderKl.EPS);
  }

  private Linear linear(String part) {
    return Linear.of(name + "." + part, channels, channels);
  }
}
