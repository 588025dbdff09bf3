package dmdx.teacher.sdxl.unet;

import ai.djl.ndarray.NDArray;
import dmdx.api.network.Pass;
import dmdx.nn.layer.Layer;
import dmdx.nn.layer.LayerNorm;
import dmdx.nn.layer.Parameters;

/**
 * Self-attention, attention to the text, feed-forward; each normalises its input and adds to the
 * residual stream. The text itself is not normalised.
 *
 * @param name module path: {@code ….transformer_blocks.k}
 * @param width C
 * @param contextWidth X
 * @param heads heads of both attentions
 */
record BasicTransformerBlock(String name, int width, int contextWidth, int heads) implements Layer {
  private static final double EPS = 1e-5;

  @Override
  public void declare(Parameters parameters) {
    parameters.add(norm(1), selfAttention(), norm(2), textAttention(), norm(3), feedForward());
  }

  /**
   * @param x {@code [B, N, C]}
   * @param context text {@code [B, M, X]}
   */
  NDArray forward(Pass pass, NDArray x, NDArray context) {
    NDArray y = norm(1).forward(pass, x);
    x = x.add(pass.tap(selfAttention().name(), selfAttention().forward(pass, y, y)));
    y = norm(2).forward(pass, x);
    x = x.add(pass.tap(textAttention().name(), textAttention().forward(pass, y, context)));
    y = norm(3).forward(pass, x);
    return x.add(pass.tap(feedForward().name(), feedForward().forward(pass, y)));
  }

  private LayerNorm norm(int index) {
    return new LayerNorm(name + ".norm" + index, width, EPS);
  }

  private Attention selfAttention() {
    return new Attention(name + ".attn1", width, width, heads);
  }

  private Attention textAttention() {
    return new Attention(name + ".attn2", width, contextWidth, heads);
  }

  private GegluFeedForward feedForward() {
    return new GegluFeedForward(name + ".ff", width);
  }
}
