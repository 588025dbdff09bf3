package dmdx.nn.vae;

import ai.djl.ndarray.NDArray;
import dmdx.nn.layer.Conv;
import dmdx.nn.layer.Layer;
import dmdx.nn.layer.Parameters;

/**
 * A 3x3x3 convolution that sees this frame and the two before, across chunks; {@code conv.weight
 * [out, in, 3, 3, 3]}, {@code conv.bias [out]}.
 *
 * @param name module path; the convolution is {@code name.conv}
 * @param in input channels
 * @param out output channels
 */
record CausalConv(String name, int in, int out) implements Layer {
  private static final int KERNEL = 3;

  @Override
  public void declare(Parameters parameters) {
    parameters.add(conv());
  }

  /**
   * @param x {@code [B, in, T, H, W]}
   * @return {@code [B, out, T, H, W]}
   */
  NDArray forward(ChunkPass chunk, NDArray x) {
    try (NDArray extended = chunk.cache().extend(name, x, KERNEL - 1)) {
      return conv().forward(chunk.pass(), extended);
    }
  }

  private Conv conv() {
    return Conv.overFrames(name + ".conv", in, out, KERNEL);
  }
}
