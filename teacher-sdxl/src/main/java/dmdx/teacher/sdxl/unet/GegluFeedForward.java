package dmdx.teacher.sdxl.unet;

import ai.djl.ndarray.NDArray;
import dmdx.api.network.Pass;
import dmdx.nn.layer.Layer;
import dmdx.nn.layer.Linear;
import dmdx.nn.layer.Parameters;
import dmdx.nn.torch.Ops;

/**
 * {@code net.2(v gelu(g))} with {@code [v, g] = net.0.proj(x)}; the second half is the gate.
 *
 * @param name module path
 * @param width C; the hidden width is 4 C
 */
record GegluFeedForward(String name, int width) implements Layer {

  @Override
  public void declare(Parameters parameters) {
    parameters.add(expansion(), contraction());
  }

  /**
   * @param x {@code [B, N, C]}
   */
  NDArray forward(Pass pass, NDArray x) {
    NDArray[] halves = Ops.halves(expansion().forward(pass, x));
    return contraction().forward(pass, halves[0].mul(Ops.gelu(halves[1])));
  }

  private Linear expansion() {
    return Linear.of(name + ".net.0.proj", width, 8 * width);
  }

  private Linear contraction() {
    return Linear.of(name + ".net.2", 4 * width, width);
  }
}
