package dmdx.teacher.cogvideox.transformer;

import ai.djl.ndarray.NDArray;
import dmdx.api.network.Pass;
import dmdx.nn.layer.FeedForward;
import dmdx.nn.layer.Layer;
import dmdx.nn.layer.Modulation;
import dmdx.nn.layer.Parameters;
import dmdx.nn.torch.Ops;
import org.jspecify.annotations.Nullable;

/**
 * Attention and feed-forward over text and video together: the same weights for both, but each its
 * own shift, scale and gate.
 *
 * @param name module path: {@code transformer_blocks.i}
 * @param config of the whole network
 */
record CogVideoXBlock(String name, CogVideoXTransformerConfig config) implements Layer {
  private static final int PARTS = 6; // shift, scale, gate of the video, then of the text

  @Override
  public void declare(Parameters parameters) {
    parameters.add(norm("norm1"), attention(), norm("norm2"), feedForward());
  }

  /**
   * @param tokens text, then video, {@code [B, M + N, D]}
   * @param s {@code SiLU(emb) [B, E]}
   * @param m M
   * @param rotation of the video tokens; null where positions were added
   * @return the same
   */
  NDArray forward(Pass pass, NDArray tokens, NDArray s, long m, @Nullable Rotation rotation) {
    NDArray[] v = norm("norm1").vectors(pass, s);
    NDArray y = modulated(pass, norm("norm1"), tokens, v, m);
    pass.tap(name + ".norm1.hidden_states", video(y, m));
    NDArray mixed = attention().forward(pass, y, m, rotation);
    pass.tap(name + ".attn1.hidden_states", video(mixed, m));
    pass.tap(name + ".attn1.encoder_hidden_states", text(mixed, m));
    NDArray x = gated(tokens, mixed, v, m);

    v = norm("norm2").vectors(pass, s);
    y = modulated(pass, norm("norm2"), x, v, m);
    x = gated(x, pass.tap(name + ".ff", feedForward().forward(pass, y)), v, m);
    pass.tap(name + ".hidden_states", video(x, m));
    pass.tap(name + ".encoder_hidden_states", text(x, m));
    return x;
  }

  private static NDArray modulated(Pass pass, AdaptiveNorm norm, NDArray x, NDArray[] v, long m) {
    NDArray n = norm.normalise(pass, x);
    return Modulation.apply(text(n, m), v[4], v[3])
        .concat(Modulation.apply(video(n, m), v[1], v[0]), 1);
  }

  private static NDArray gated(NDArray x, NDArray y, NDArray[] v, long m) {
    return x.add(text(y, m).mul(v[5]).concat(video(y, m).mul(v[2]), 1));
  }

  static NDArray text(NDArray tokens, long m) {
    return Ops.slice(tokens, 1, 0, m);
  }

  static NDArray video(NDArray tokens, long m) {
    return Ops.slice(tokens, 1, m, tokens.getShape().get(1));
  }

  private AdaptiveNorm norm(String part) {
    return new AdaptiveNorm(name + "." + part, config, PARTS);
  }

  private Attention attention() {
    return new Attention(name + ".attn1", config);
  }

  private FeedForward feedForward() {
    return new FeedForward(name + ".ff", config.width());
  }
}
