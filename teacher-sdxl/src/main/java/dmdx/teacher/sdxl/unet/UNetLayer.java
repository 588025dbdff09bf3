package dmdx.teacher.sdxl.unet;

import ai.djl.ndarray.NDArray;
import dmdx.api.network.Pass;
import dmdx.nn.layer.Layer;
import dmdx.nn.layer.Parameters;
import dmdx.nn.resnet.ResnetBlock;
import org.jspecify.annotations.Nullable;

/**
 * One ResNet and, in a cross-attention block, the transformer behind it.
 *
 * @param resnet module {@code ….resnets.j}
 * @param transformer module {@code ….attentions.j}
 */
record UNetLayer(ResnetBlock resnet, @Nullable Transformer2D transformer) implements Layer {

  @Override
  public void declare(Parameters parameters) {
    parameters.add(resnet);
    if (transformer != null) {
      parameters.add(transformer);
    }
  }

  /**
   * @param x {@code [B, C, H, W]}
   */
  NDArray forward(Pass pass, NDArray x, NDArray emb, NDArray context) {
    NDArray y = pass.block(resnet.name(), (p, in) -> resnet.forward(p, in[0], in[1]), x, emb);
    return transform(pass, pass.tap(resnet.name(), y), context);
  }

  /**
   * @param x {@code [B, C1, H, W]}
   * @param skip put behind {@code x} along the channels, {@code [B, C2, H, W]}
   */
  NDArray forward(Pass pass, NDArray x, NDArray skip, NDArray emb, NDArray context) {
    NDArray y =
        pass.block(
            resnet.name(),
            (p, in) -> resnet.forward(p, in[0].concat(in[1], 1), in[2]),
            x,
            skip,
            emb);
    return transform(pass, pass.tap(resnet.name(), y), context);
  }

  private NDArray transform(Pass pass, NDArray x, NDArray context) {
    return transformer == null
        ? x
        : pass.tap(transformer.name(), transformer.forward(pass, x, context));
  }
}
