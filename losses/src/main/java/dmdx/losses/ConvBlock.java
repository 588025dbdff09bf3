package dmdx.losses;

import ai.djl.ndarray.NDArray;
import dmdx.api.network.Pass;
import dmdx.nn.layer.Conv;
import dmdx.nn.layer.GroupNorm;
import dmdx.nn.layer.Layer;
import dmdx.nn.layer.Parameters;
import dmdx.nn.torch.Ops;

/** Convolution, GroupNorm, SiLU: {@code conv}, {@code norm}. */
record ConvBlock(Conv conv, GroupNorm norm) implements Layer {
  static final double EPS = 1e-5;

  /** A block that normalises what {@code conv} returns. */
  static ConvBlock of(String name, Conv conv, int groups) {
    return new ConvBlock(conv, new GroupNorm(name + ".norm", conv.out(), groups, EPS));
  }

  @Override
  public void declare(Parameters parameters) {
    parameters.add(conv, norm);
  }

  NDArray forward(Pass pass, NDArray x) {
    return Ops.silu(norm.forward(pass, conv.forward(pass, x)));
  }
}
