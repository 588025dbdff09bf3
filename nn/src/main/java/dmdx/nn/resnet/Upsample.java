package dmdx.nn.resnet;

import ai.djl.ndarray.NDArray;
import dmdx.api.network.Pass;
import dmdx.nn.layer.Conv;
import dmdx.nn.layer.Layer;
import dmdx.nn.layer.Parameters;
import dmdx.nn.torch.Ops;

/**
 * Enlarges with the nearest neighbour, then applies a 3x3 convolution.
 *
 * @param name module path; the convolution is {@code name.conv}
 * @param channels C, in and out
 */
public record Upsample(String name, int channels) implements Layer {

  @Override
  public void declare(Parameters parameters) {
    parameters.add(conv());
  }

  /**
   * Doubles height and width.
   *
   * @param x {@code [B, C, H, W]}
   * @return {@code [B, C, 2 H, 2 W]}
   */
  public NDArray forward(Pass pass, NDArray x) {
    return forward(pass, x, 2 * x.getShape().get(2), 2 * x.getShape().get(3));
  }

  /**
   * @param x {@code [B, C, H, W]}
   * @param height height of the result
   * @param width width of the result
   * @return {@code [B, C, height, width]}
   */
  public NDArray forward(Pass pass, NDArray x, long height, long width) {
    return conv().forward(pass, Ops.resizeNearest(x, height, width));
  }

  private Conv conv() {
    return Conv.same(name + ".conv", channels, channels, 3);
  }
}
