package dmdx.nn.vae;

import ai.djl.ndarray.NDArray;
import dmdx.api.network.Pass;
import dmdx.nn.layer.Layer;
import dmdx.nn.layer.Parameters;
import dmdx.nn.resnet.ResnetBlock;

/**
 * ResNet, attention, ResNet at the lowest resolution.
 *
 * @param name module path
 * @param channels C
 * @param groups groups of every norm
 * @param attends whether there is attention
 */
record MidBlock(String name, int channels, int groups, boolean attends) implements Layer {

  @Override
  public void declare(Parameters parameters) {
    if (attends) {
      parameters.add(attention());
    }
    parameters.add(resnet(0), resnet(1));
  }

  /**
   * @param x {@code [B, C, h, w]}
   */
  NDArray forward(Pass pass, NDArray x) {
    ResnetBlock first = resnet(0);
    ResnetBlock second = resnet(1);
    NDArray h = pass.block(first.name(), (p, in) -> first.forward(p, in[0], null), x);
    if (attends) {
      MidAttention attention = attention();
      h = pass.block(attention.name(), (p, in) -> attention.forward(p, in[0]), h);
      h = pass.tap(attention.name(), h);
    }
    h = pass.block(second.name(), (p, in) -> second.forward(p, in[0], null), h);
    return pass.tap(name, h);
  }

  MidAttention attention() {
    return new MidAttention(name + ".attentions.0", channels, groups);
  }

  private ResnetBlock resnet(int index) {
    String path = name + ".resnets." + index;
    return new ResnetBlock(path, channels, channels, groups, AutoencoderKl.EPS, 0);
  }
}
