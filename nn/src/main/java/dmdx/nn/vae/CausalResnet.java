package dmdx.nn.vae;

import ai.djl.ndarray.NDArray;
import dmdx.nn.layer.Conv;
import dmdx.nn.layer.Layer;
import dmdx.nn.layer.Parameters;
import dmdx.nn.torch.Ops;

/**
 * {@code shortcut(x) + conv2(SiLU(norm2(conv1(SiLU(norm1(x))))))} over frames; the shortcut is a
 * 1x1x1 convolution where the number of channels changes.
 *
 * @param name module path
 * @param in input channels
 * @param out output channels
 * @param norms makes both norms
 */
record CausalResnet(String name, int in, int out, VideoNorms norms) implements Layer {

  @Override
  public void declare(Parameters parameters) {
    parameters.add(norm1(), conv1(), norm2(), conv2());
    if (in != out) {
      parameters.add(shortcut());
    }
  }

  /**
   * @param x {@code [B, in, T, H, W]}
   * @return {@code [B, out, T, H, W]}
   */
  NDArray forward(ChunkPass chunk, NDArray x) {
    NDArray h = chunk.block(norm1().name(), (c, u) -> Ops.silu(norm1().forward(c, u)), x);
    h = chunk.block(conv1().name(), conv1()::forward, h);
    h = chunk.block(norm2().name(), (c, u) -> Ops.silu(norm2().forward(c, u)), h);
    h = chunk.block(conv2().name(), conv2()::forward, h);
    return (in == out ? x : shortcut().forward(chunk.pass(), x)).add(h);
  }

  private VideoNorm norm1() {
    return norms.at(name + ".norm1", in);
  }

  private CausalConv conv1() {
    return new CausalConv(name + ".conv1", in, out);
  }

  private VideoNorm norm2() {
    return norms.at(name + ".norm2", out);
  }

  private CausalConv conv2() {
    return new CausalConv(name + ".conv2", out, out);
  }

  private Conv shortcut() {
    return Conv.overFrames(name + ".conv_shortcut", in, out, 1);
  }
}
