package dmdx.nn.layer;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import dmdx.api.network.LowRank;
import dmdx.api.network.ParameterSpec;
import dmdx.api.network.ParameterSpec.Initial;
import dmdx.api.network.Pass;
import dmdx.nn.torch.Ops;
import java.util.Arrays;

/**
 * A convolution over the trailing axes; {@code weight [out, in, k, …]}, {@code bias [out]}.
 *
 * @param name module path
 * @param in input channels
 * @param out output channels
 * @param kernel kernel size along every axis
 * @param stride stride along every axis
 * @param padding zeros at both ends of each axis; it has 1, 2 or 3 of them
 * @param bias whether there is a bias
 * @param initial how the weight starts
 */
public record Conv(
    String name,
    int in,
    int out,
    int kernel,
    int stride,
    Shape padding,
    boolean bias,
    Initial initial)
    implements Layer {

  /** A 2-D convolution. */
  public static Conv of(String name, int in, int out, int kernel, int stride, int padding) {
    return new Conv(
        name,
        in,
        out,
        kernel,
        stride,
        new Shape(padding, padding),
        true,
        ParameterSpec.fanIn((long) in * kernel * kernel));
  }

  /**
   * A 3-D convolution over time, height and width that keeps height and width and pads no frames:
   * {@code [B, in, T + kernel - 1, H, W] -> [B, out, T, H, W]}; {@code kernel} is odd.
   */
  public static Conv overFrames(String name, int in, int out, int kernel) {
    int padding = (kernel - 1) / 2;
    return new Conv(
        name,
        in,
        out,
        kernel,
        1,
        new Shape(0, padding, padding),
        true,
        ParameterSpec.fanIn((long) in * kernel * kernel * kernel));
  }

  /** A 2-D convolution that keeps the size; {@code kernel} is odd. */
  public static Conv same(String name, int in, int out, int kernel) {
    return of(name, in, out, kernel, 1, (kernel - 1) / 2);
  }

  public Conv withoutBias() {
    return new Conv(name, in, out, kernel, stride, padding, false, initial);
  }

  /** Starts at zero, as the last layer of a network or residual branch does. */
  public Conv zero() {
    return new Conv(name, in, out, kernel, stride, padding, bias, new Initial.Zeros());
  }

  @Override
  public void declare(Parameters parameters) {
    long[] shape = new long[2 + padding.dimension()];
    Arrays.fill(shape, kernel);
    shape[0] = out;
    shape[1] = in;
    parameters.add(name + ".weight", initial, shape);
    if (bias) {
      parameters.add(name + ".bias", new Initial.Zeros(), out);
    }
  }

  /**
   * @param input {@code [B, in, …]}
   * @return {@code [B, out, …]}, in the type of the weight
   */
  public NDArray forward(Pass pass, NDArray input) {
    NDArray b = bias ? pass.weight(name + ".bias") : null;
    LowRank parts = pass.lowRank(name + ".weight");
    NDArray weight = parts == null ? pass.weight(name + ".weight") : parts.base();
    NDArray x = Ops.castLike(input, weight);
    NDArray y = Ops.conv(x, weight, b, stride, padding);
    if (parts == null) {
      return y;
    }
    return Delta.add(
        y,
        parts,
        down -> Ops.conv(x, down, null, stride, padding),
        (h, up) -> Ops.conv(h, up, null, 1, new Shape(new long[padding.dimension()])));
  }
}
