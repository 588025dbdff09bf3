package dmdx.teacher.sdxl.unet;

import ai.djl.ndarray.NDArray;
import dmdx.api.network.Pass;
import dmdx.nn.layer.Layer;
import dmdx.nn.layer.Parameters;
import dmdx.nn.resnet.Downsample;
import java.util.Deque;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One level on the way down. Every layer's output, and the downsampled map, is a skip for the way
 * up.
 *
 * @param name module path: {@code down_blocks.i}
 * @param layers ResNets, with transformers in a cross-attention block
 * @param downsample absent on the coarsest level
 */
record DownBlock(String name, List<UNetLayer> layers, @Nullable Downsample downsample)
    implements Layer {

  @Override
  public void declare(Parameters parameters) {
    parameters.add(layers);
    if (downsample != null) {
      parameters.add(downsample);
    }
  }

  /**
   * @param skips receives the skips
   */
  NDArray forward(Pass pass, NDArray x, NDArray emb, NDArray context, Deque<NDArray> skips) {
    for (UNetLayer layer : layers) {
      x = layer.forward(pass, x, emb, context);
      skips.push(x);
    }
    if (downsample != null) {
      Downsample down = downsample;
      x = pass.block(down.name(), (p, in) -> down.forward(p, in[0]), x);
      skips.push(x);
    }
    return pass.tap(name, x);
  }
}
