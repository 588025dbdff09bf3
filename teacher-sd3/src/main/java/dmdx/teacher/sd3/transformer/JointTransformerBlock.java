package dmdx.teacher.sd3.transformer;

import ai.djl.ndarray.NDArray;
import dmdx.api.network.Pass;
import dmdx.nn.layer.FeedForward;
import dmdx.nn.layer.Layer;
import dmdx.nn.layer.Modulation;
import dmdx.nn.layer.Parameters;
import dmdx.nn.torch.Ops;
import dmdx.teacher.sd3.transformer.Attention.Text;

/**
 * Joint attention, a second one of the image alone in dual blocks, feed-forward; image and text
 * have weights of their own. The last block only reads the text.
 *
 * @param name module path: {@code transformer_blocks.i}
 * @param config of the whole network
 * @param dual whether there is a second attention
 * @param last whether the text ends here
 */
record JointTransformerBlock(String name, Sd3TransformerConfig config, boolean dual, boolean last)
    implements Layer {

  @Override
  public void declare(Parameters parameters) {
    parameters.add(imageModulation(), textModulation(), attention());
    if (dual) {
      parameters.add(imageAttention());
    }
    parameters.add(imageFeedForward());
    if (!last) {
      parameters.add(textFeedForward());
    }
  }

  /**
   * @param tokens image, then text, {@code [B, N + M, D]}
   * @param s {@code SiLU(emb) [B, D]}
   * @param n N
   * @return the same, {@code [B, N, D]} after the last block
   */
  NDArray forward(Pass pass, NDArray tokens, NDArray s, long n) {
    NDArray x = Ops.slice(tokens, 1, 0, n);
    NDArray c = Ops.slice(tokens, 1, n, tokens.getShape().get(1));
    NDArray[] m = imageModulation().forward(pass, s); // shift, scale, gate of each part
    NDArray[] k = textModulation().forward(pass, s);
    NDArray normalised = Ops.layerNorm(x, Sd3TransformerConfig.EPS);
    NDArray xn = Modulation.apply(normalised, m[1], m[0]);
    NDArray cn =
        Modulation.apply(
            Ops.layerNorm(c, Sd3TransformerConfig.EPS), k[last ? 0 : 1], k[last ? 1 : 0]);
    NDArray mixed = attention().joint(pass, xn, cn);

    NDArray image = attention().imageOut(pass, Ops.slice(mixed, 1, 0, n));
    x = x.add(m[2].mul(pass.tap(name + ".attn.hidden_states", image)));
    if (dual) {
      NDArray own = imageAttention().forward(pass, Modulation.apply(normalised, m[7], m[6]));
      x = x.add(m[8].mul(pass.tap(imageAttention().name(), own)));
    }
    NDArray y = imageFeedForward().forward(pass, modulated(x, m));
    x = x.add(m[5].mul(pass.tap(imageFeedForward().name(), y)));
    pass.tap(name + ".hidden_states", x);
    if (last) {
      return x;
    }
    NDArray text = attention().textOut(pass, Ops.slice(mixed, 1, n, mixed.getShape().get(1)));
    c = c.add(k[2].mul(pass.tap(name + ".attn.encoder_hidden_states", text)));
    c = c.add(k[5].mul(textFeedForward().forward(pass, modulated(c, k))));
    return x.concat(pass.tap(name + ".encoder_hidden_states", c), 1);
  }

  private static NDArray modulated(NDArray x, NDArray[] m) {
    return Modulation.apply(Ops.layerNorm(x, Sd3TransformerConfig.EPS), m[4], m[3]);
  }

  private Modulation imageModulation() {
    return new Modulation(name + ".norm1", config.width(), config.width(), dual ? 9 : 6);
  }

  /** In the last block: scale, then shift. */
  private Modulation textModulation() {
    return new Modulation(name + ".norm1_context", config.width(), config.width(), last ? 2 : 6);
  }

  private Attention attention() {
    return attention(".attn", last ? Text.READ : Text.UPDATED);
  }

  private Attention imageAttention() {
    return attention(".attn2", Text.ABSENT);
  }

  private Attention attention(String part, Text text) {
    return new Attention(name + part, config.width(), config.heads(), config.normalised(), text);
  }

  private FeedForward imageFeedForward() {
    return new FeedForward(name + ".ff", config.width());
  }

  private FeedForward textFeedForward() {
    return new FeedForward(name + ".ff_context", config.width());
  }
}
