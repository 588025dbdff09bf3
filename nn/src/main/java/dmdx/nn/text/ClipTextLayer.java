package dmdx.nn.text;

import ai.djl.ndarray.NDArray;
import dmdx.api.network.ParameterSpec.Initial;
import dmdx.api.network.Pass;
import dmdx.nn.layer.Layer;
import dmdx.nn.layer.LayerNorm;
import dmdx.nn.layer.Linear;
import dmdx.nn.layer.Parameters;
import dmdx.nn.text.ClipTextConfig.Activation;
import dmdx.nn.torch.Ops;
import org.jspecify.annotations.Nullable;

/**
 * One layer of the text transformer: {@code x += attention(layer_norm1(x)); x +=
 * fc2(act(fc1(layer_norm2(x))))}.
 *
 * @param name module path
 * @param config of the whole encoder
 */
record ClipTextLayer(String name, ClipTextConfig config) implements Layer {

  @Override
  public void declare(Parameters parameters) {
    parameters.add(projection("q"), projection("k"), projection("v"), out());
    parameters.add(norm("layer_norm1"), fc1(), fc2(), norm("layer_norm2"));
  }

  /**
   * @param x {@code [B, L, D]}
   * @param mask added to the attention scores {@code [B, 1, L, L]}, causal itself; {@code null} for
   *     plain causal attention
   */
  NDArray forward(Pass pass, NDArray x, @Nullable NDArray mask) {
    NDArray attended = x.add(attention(pass, norm("layer_norm1").forward(pass, x), mask));
    NDArray hidden = fc1().forward(pass, norm("layer_norm2").forward(pass, attended));
    hidden =
        config.activation() == Activation.QUICK_GELU ? Ops.quickGelu(hidden) : Ops.gelu(hidden);
    return attended.add(fc2().forward(pass, hidden));
  }

  private NDArray attention(Pass pass, NDArray x, @Nullable NDArray mask) {
    NDArray q = Ops.splitHeads(projection("q").forward(pass, x), config.heads());
    NDArray k = Ops.splitHeads(projection("k").forward(pass, x), config.heads());
    NDArray v = Ops.splitHeads(projection("v").forward(pass, x), config.heads());
    NDArray mixed =
        mask == null ? Ops.causalAttention(q, k, v) : Ops.attention(q, k, v, mask, null);
    return out().forward(pass, Ops.mergeHeads(mixed));
  }

  private LayerNorm norm(String part) {
    return new LayerNorm(name + "." + part, config.width(), config.eps());
  }

  private Linear projection(String part) {
    return Linear.of(name + ".self_attn." + part + "_proj", config.width(), config.width());
  }

  private Linear out() {
    return residual(name + ".self_attn.out_proj", config.width());
  }

  private Linear fc1() {
    return Linear.of(name + ".mlp.fc1", config.width(), config.feedForward());
  }

  private Linear fc2() {
    return residual(name + ".mlp.fc2", config.feedForward());
  }

  /** What is added to the stream starts small, so that 2 N such sums keep its variance. */
  private Linear residual(String path, int in) {
    double std = 1 / Math.sqrt(2.0 * config.layers() * in);
    return new Linear(path, in, config.width(), true, new Initial.Normal(std));
  }
}
