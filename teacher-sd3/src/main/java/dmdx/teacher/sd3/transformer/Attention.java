package dmdx.teacher.sd3.transformer;

import ai.djl.ndarray.NDArray;
import dmdx.api.network.Pass;
import dmdx.nn.layer.Layer;
import dmdx.nn.layer.Linear;
import dmdx.nn.layer.Parameters;
import dmdx.nn.layer.RmsNorm;
import dmdx.nn.torch.Ops;

/**
 * {@code softmax(q k^T / sqrt(d)) v} among image tokens, or among image and text tokens with a
 * projection of their own for either.
 *
 * @param name module path: {@code ….attn} (joint) or {@code ….attn2} (image alone)
 * @param width D
 * @param heads number of heads, a divisor of D
 * @param normalised whether the heads' queries and keys are normalised
 * @param text what becomes of text tokens
 */
record Attention(String name, int width, int heads, boolean normalised, Text text)
    implements Layer {
  private static final double EPS = 1e-6;

  /** The part of text tokens in an attention. */
  enum Text {
    /** None. */
    ABSENT,
    /** They are attended to (last block). */
    READ,
    /** They are attended to and attend themselves. */
    UPDATED
  }

  @Override
  public void declare(Parameters parameters) {
    parameters.add(linear("to_q"), linear("to_k"), linear("to_v"), linear("to_out.0"));
    if (normalised) {
      parameters.add(norm("norm_q"), norm("norm_k"));
    }
    if (text == Text.ABSENT) {
      return;
    }
    parameters.add(linear("add_q_proj"), linear("add_k_proj"), linear("add_v_proj"));
    if (normalised) {
      parameters.add(norm("norm_added_q"), norm("norm_added_k"));
    }
    if (text == Text.UPDATED) {
      parameters.add(linear("to_add_out"));
    }
  }

  /**
   * Image tokens among themselves.
   *
   * @param x {@code [B, N, D]}
   */
  NDArray forward(Pass pass, NDArray x) {
    NDArray q = heads(pass, x, "to_q", "norm_q");
    NDArray k = heads(pass, x, "to_k", "norm_k");
    NDArray v = heads(pass, x, "to_v");
    return imageOut(pass, Ops.mergeHeads(Ops.attention(q, k, v, null, null)));
  }

  /**
   * All tokens, image first; {@link #imageOut} and {@link #textOut} end it.
   *
   * @param x image {@code [B, N, D]}
   * @param c text {@code [B, M, D]}
   * @return {@code [B, N + M, D]}
   */
  NDArray joint(Pass pass, NDArray x, NDArray c) {
    NDArray q =
        heads(pass, x, "to_q", "norm_q").concat(heads(pass, c, "add_q_proj", "norm_added_q"), 2);
    NDArray k =
        heads(pass, x, "to_k", "norm_k").concat(heads(pass, c, "add_k_proj", "norm_added_k"), 2);
    NDArray v = heads(pass, x, "to_v").concat(heads(pass, c, "add_v_proj"), 2);
    return Ops.mergeHeads(Ops.attention(q, k, v, null, null));
  }

  NDArray imageOut(Pass pass, NDArray mixed) {
    return linear("to_out.0").forward(pass, mixed);
  }

  NDArray textOut(Pass pass, NDArray mixed) {
    return linear("to_add_out").forward(pass, mixed);
  }

  private NDArray heads(Pass pass, NDArray x, String projection, String norm) {
    NDArray split = heads(pass, x, projection);
    return normalised ? norm(norm).forward(pass, split) : split;
  }

  private NDArray heads(Pass pass, NDArray x, String projection) {
    return Ops.splitHeads(linear(projection).forward(pass, x), heads);
  }

  private Linear linear(String part) {
    return Linear.of(name + "." + part, width, width);
  }

  private RmsNorm norm(String part) {
    return new RmsNorm(name + "." + part, width / heads, EPS);
  }
}
