package dmdx.teacher.sdxl.unet;

import ai.djl.ndarray.NDArray;
import dmdx.api.network.Pass;
import dmdx.nn.layer.Layer;
import dmdx.nn.layer.Parameters;

/**
 * The coarsest map: ResNet, transformer, ResNet.
 *
 * @param first {@code mid_block.resnets.0} and {@code mid_block.attentions.0}
 * @param second {@code mid_block.resnets.1}
 */
record MidBlock(UNetLayer first, UNetLayer second) implements Layer {

  @Override
  public void declare(Parameters parameters) {
    parameters.add(first, second);
  }

  NDArray forward(Pass pass, NDArray x, NDArray emb, NDArray context) {
    x = second.forward(pass, first.forward(pass, x, emb, context), emb, context);
    return pass.tap("mid_block", x);
  }
}
