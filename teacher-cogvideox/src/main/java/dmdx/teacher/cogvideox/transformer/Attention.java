package dmdx.teacher.cogvideox.transformer;

import ai.djl.ndarray.NDArray;
import dmdx.api.network.ParameterSpec;
import dmdx.api.network.Pass;
import dmdx.nn.layer.Layer;
import dmdx.nn.layer.LayerNorm;
import dmdx.nn.layer.Linear;
import dmdx.nn.layer.Parameters;
import dmdx.nn.torch.Ops;
import org.jspecify.annotations.Nullable;

/**
 * {@code softmax(q k^T / sqrt(d)) v} among all tokens, text and video with the same projections;
 * every head's queries and keys are normalised.
 *
 * @param name module path
 * @param config of the whole network
 */
record Attention(String name, CogVideoXTransformerConfig config) implements Layer {
  private static final double EPS = 1e-6;

  @Override
  public void declare(Parameters parameters) {
    parameters.add(norm("norm_q"), norm("norm_k"));
    parameters.add(input("to_q"), input("to_k"), input("to_v"), output());
  }

  /**
   * @param x text, then video, {@code [B, M + N, D]}
   * @param m M
   * @param rotation of the video tokens; null where positions were added
   * @return {@code [B, M + N, D]}
   */
  NDArray forward(Pass pass, NDArray x, long m, @Nullable Rotation rotation) {
    NDArray q = rotate(norm("norm_q").forward(pass, heads(pass, x, "to_q")), m, rotation);
    NDArray k = rotate(norm("norm_k").forward(pass, heads(pass, x, "to_k")), m, rotation);
    NDArray v = heads(pass, x, "to_v");
    return output().forward(pass, Ops.mergeHeads(Ops.attention(q, k, v, null, null)));
  }

  private static NDArray rotate(NDArray x, long m, @Nullable Rotation rotation) {
    if (rotation == null) {
      return x;
    }
    NDArray video = Ops.slice(x, 2, m, x.getShape().get(2));
    return Ops.slice(x, 2, 0, m).concat(rotation.apply(video), 2);
  }

  private NDArray heads(Pass pass, NDArray x, String projection) {
    return Ops.splitHeads(input(projection).forward(pass, x), config.heads());
  }

  private Linear input(String part) {
    int width = config.width();
    return new Linear(
        name + "." + part, width, width, config.attentionBias(), ParameterSpec.fanIn(width));
  }

  private Linear output() {
    return Linear.of(name + ".to_out.0", config.width(), config.width());
  }

  private LayerNorm norm(String part) {
    return new LayerNorm(name + "." + part, config.headWidth(), EPS);
  }
}
