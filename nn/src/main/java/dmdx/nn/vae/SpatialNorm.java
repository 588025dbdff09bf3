package dmdx.nn.vae;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.Shape;
import dmdx.nn.layer.Conv;
import dmdx.nn.layer.GroupNorm;
import dmdx.nn.layer.Parameters;
import dmdx.nn.torch.Ops;
import java.util.Objects;

/**
 * A group norm whose scale and offset follow from the latents at each position: {@code
 * norm_layer(x) conv_y(z) + conv_b(z)}, with z the latents enlarged to the size of x. The
 * convolutions are 1x1x1, so they run on the latents before these are enlarged.
 *
 * @param name module path
 * @param channels C
 * @param groups groups of the norm
 * @param eps added to the variance
 * @param latentChannels Z
 */
record SpatialNorm(String name, int channels, int groups, double eps, int latentChannels)
    implements VideoNorm {
  private static final int TIME = 2;

  @Override
  public void declare(Parameters parameters) {
    parameters.add(norm(), conv("conv_y"), conv("conv_b"));
  }

  @Override
  public NDArray forward(ChunkPass chunk, NDArray x) {
    NDArray normed;
    try (NDArray plain = norm().forward(chunk.pass(), x);
        NDArray scale = enlarged(chunk, "conv_y", x.getShape())) {
      normed = plain.mul(scale);
    }
    try (normed;
        NDArray offset = enlarged(chunk, "conv_b", x.getShape())) {
      return chunk.tap(name, normed.add(offset));
    }
  }

  private NDArray enlarged(ChunkPass chunk, String conv, Shape like) {
    NDArray latents = Objects.requireNonNull(chunk.latents(), name);
    long frames = like.get(TIME);
    long height = like.get(3);
    long width = like.get(4);
    try (NDArray z = conv(conv).forward(chunk.pass(), latents)) {
      if (frames == 1 || frames % 2 == 0) {
        return Ops.resizeNearest(z, frames, height, width);
      }
      NDArray first = Ops.slice(z, TIME, 0, 1);
      NDArray rest = Ops.slice(z, TIME, 1, z.getShape().get(TIME));
      return NDArrays.concat(
          new NDList(
              Ops.resizeNearest(first, 1, height, width),
              Ops.resizeNearest(rest, frames - 1, height, width)),
          TIME);
    }
  }

  private GroupNorm norm() {
    return new GroupNorm(name + ".norm_layer", channels, groups, eps);
  }

  private Conv conv(String part) {
    return Conv.overFrames(name + "." + part + ".conv", latentChannels, channels, 1);
  }
}
