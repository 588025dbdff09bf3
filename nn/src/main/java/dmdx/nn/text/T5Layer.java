package dmdx.nn.text;

import ai.djl.ndarray.NDArray;
import dmdx.api.network.ParameterSpec;
import dmdx.api.network.ParameterSpec.Initial;
import dmdx.api.network.Pass;
import dmdx.nn.layer.Activation;
import dmdx.nn.layer.Layer;
import dmdx.nn.layer.Linear;
import dmdx.nn.layer.Parameters;
import dmdx.nn.layer.RmsNorm;
import dmdx.nn.torch.Ops;

/**
 * One block of the encoder: {@code x += o(softmax(q k^T + bias) v); x += wo(act(…))}, each on the
 * normalised input. Scores are not scaled.
 *
 * @param name module path
 * @param config of the whole encoder
 */
record T5Layer(String name, T5Config config) implements Layer {

  @Override
  public void declare(Parameters parameters) {
    parameters.add(norm(0), query(), attention("k"), attention("v"), attentionOut(), norm(1));
    if (config.gated()) {
      parameters.add(feedForward("wi_0"), feedForward("wi_1"));
    } else {
      parameters.add(feedForward("wi"));
    }
    parameters.add(feedForwardOut());
  }

  /**
   * @param x {@code [B, L, D]}
   * @param bias added to the scores, {@code [1 or B, h, L, L]}
   */
  NDArray forward(Pass pass, NDArray x, NDArray bias) {
    NDArray y = norm(0).forward(pass, x);
    NDArray q = Ops.splitHeads(query().forward(pass, y), config.heads());
    NDArray k = Ops.splitHeads(attention("k").forward(pass, y), config.heads());
    NDArray v = Ops.splitHeads(attention("v").forward(pass, y), config.heads());
    NDArray mixed = Ops.mergeHeads(Ops.attention(q, k, v, bias, 1.0));
    NDArray attended = x.add(attentionOut().forward(pass, mixed));
    NDArray hidden = expand(pass, norm(1).forward(pass, attended));
    return attended.add(feedForwardOut().forward(pass, hidden));
  }

  private NDArray expand(Pass pass, NDArray x) {
    Activation act = config.activation();
    return config.gated()
        ? act.of(feedForward("wi_0").forward(pass, x)).mul(feedForward("wi_1").forward(pass, x))
        : act.of(feedForward("wi").forward(pass, x));
  }

  private RmsNorm norm(int part) {
    return new RmsNorm(name + ".layer." + part + ".layer_norm", config.width(), config.eps());
  }

  /** Starts smaller by the root of the head's width, which the scores are not divided by. */
  private Linear query() {
    Linear like = attention("q");
    Initial initial = ParameterSpec.fanIn((long) config.width() * config.headWidth());
    return new Linear(like.name(), like.in(), like.out(), false, initial);
  }

  private Linear attention(String part) {
    return Linear.withoutBias(
        name + ".layer.0.SelfAttention." + part, config.width(), config.attentionWidth());
  }

  private Linear attentionOut() {
    return Linear.withoutBias(
        name + ".layer.0.SelfAttention.o", config.attentionWidth(), config.width());
  }

  private Linear feedForward(String part) {
    return Linear.withoutBias(
        name + ".layer.1.DenseReluDense." + part, config.width(), config.feedForward());
  }

  private Linear feedForwardOut() {
    return Linear.withoutBias(
        name + ".layer.1.DenseReluDense.wo", config.feedForward(), config.width());
  }
}
