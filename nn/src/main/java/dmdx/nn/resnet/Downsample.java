package dmdx.nn.resnet;

import ai.djl.ndarray.NDArray;
import dmdx.api.network.Pass;
import dmdx.nn.layer.Conv;
import dmdx.nn.layer.Layer;
import dmdx.nn.layer.Parameters;
import dmdx.nn.torch.Ops;

/**
 * Halves height and width with a 3x3 convolution of stride 2.
 *
 * @param name module path; the convolution is {@code name.conv}
 * @param channels C, in and out
 * @param padding where zeros go
 */
public record Downsample(String name, int channels, Padding padding) implements Layer {

  /** Where zeros go before the convolution. */
  public enum Padding {
    /** One on every side, as in U-Nets; the size becomes {@code ceil(H / 2)}. */
    SYMMETRIC,
    /** One right and one below, as in image autoencoders; the size becomes {@code floor(H / 2)}. */
    RIGHT_BOTTOM
  }

  @Override
  public void declare(Parameters parameters) {
    parameters.add(conv());
  }

  /**
   * @param x {@code [B, C, H, W]}
   * @return {@code [B, C, H', W']}, half the size as the padding rounds it
   */
  public NDArray forward(Pass pass, NDArray x) {
    return conv().forward(pass, padding == Padding.SYMMETRIC ? x : Ops.pad(x, 0, 1, 0, 1));
  }

  private Conv conv() {
    return Conv.of(name + ".conv", channels, channels, 3, 2, padding == Padding.SYMMETRIC ? 1 : 0);
  }
}
