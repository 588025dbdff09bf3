package dmdx.teacher.sdxl.unet;

import ai.djl.ndarray.NDArray;
import dmdx.api.network.Pass;
import dmdx.nn.layer.Layer;
import dmdx.nn.layer.Parameters;
import dmdx.nn.resnet.Upsample;
import java.util.Deque;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One level on the way up. Every layer takes a skip from the way down.
 *
 * @param name module path: {@code up_blocks.i}
 * @param layers ResNets, with transformers in a cross-attention block
 * @param upsample absent on the finest level
 */
record UpBlock(String name, List<UNetLayer> layers, @Nullable Upsample upsample) implements Layer {

  @Override
  public void declare(Parameters parameters) {
    parameters.add(layers);
    if (upsample != null) {
      parameters.add(upsample);
    }
  }

  /**
   * @param skips what is left of the skips; the map is enlarged to the size of the next one, which
   *     is twice its own unless a size on the way down was odd
   */
  NDArray forward(Pass pass, NDArray x, NDArray emb, NDArray context, Deque<NDArray> skips) {
    for (UNetLayer layer : layers) {
      x = layer.forward(pass, x, skips.pop(), emb, context);
    }
    if (upsample != null) {
      Upsample up = upsample;
      long height = skips.element().getShape().get(2);
      long width = skips.element().getShape().get(3);
      x = pass.block(up.name(), (p, in) -> up.forward(p, in[0], height, width), x);
    }
    return pass.tap(name, x);
  }
}
