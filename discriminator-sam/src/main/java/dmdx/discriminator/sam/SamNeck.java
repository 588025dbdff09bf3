package dmdx.discriminator.sam;

import ai.djl.ndarray.NDArray;
import dmdx.api.network.Pass;
import dmdx.nn.layer.Conv;
import dmdx.nn.layer.Layer;
import dmdx.nn.layer.LayerNorm;
import dmdx.nn.layer.Parameters;

/**
 * Projects the last hidden state: 1x1 convolution, norm, 3x3 convolution, norm. The norms work over
 * the channels of each position.
 */
record SamNeck(Conv conv1, LayerNorm norm1, Conv conv2, LayerNorm norm2) implements Layer {
  private static final double EPS = 1e-6;

  static SamNeck of(String name, SamConfig c) {
    int out = c.outputChannels();
    return new SamNeck(
        Conv.same(name + ".conv1", c.hidden(), out, 1).withoutBias(),
        new LayerNorm(name + ".layer_norm1", out, EPS),
        Conv.same(name + ".conv2", out, out, 3).withoutBias(),
        new LayerNorm(name + ".layer_norm2", out, EPS));
  }

  @Override
  public void declare(Parameters parameters) {
    parameters.add(conv1, norm1, conv2, norm2);
  }

  /**
   * @param x {@code [B, G, G, h]}
   * @return {@code [B, o, G, G]}
   */
  NDArray forward(Pass pass, NDArray x) {
    NDArray y = conv1.forward(pass, SamVisionEncoder.channelsFirst(x));
    y = SamVisionEncoder.channelsFirst(norm1.forward(pass, SamVisionEncoder.channelsLast(y)));
    y = conv2.forward(pass, y);
    return SamVisionEncoder.channelsFirst(norm2.forward(pass, SamVisionEncoder.channelsLast(y)));
  }
}
