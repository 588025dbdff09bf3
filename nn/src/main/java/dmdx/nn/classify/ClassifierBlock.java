package dmdx.nn.classify;

import ai.djl.ndarray.NDArray;
import dmdx.api.network.Pass;
import dmdx.nn.layer.Conv;
import dmdx.nn.layer.GroupNorm;
import dmdx.nn.layer.Layer;
import dmdx.nn.layer.Parameters;
import dmdx.nn.torch.Ops;

/** Two convolutions beside a shortcut: {@code x + conv2(silu(norm2(conv1(silu(norm1(x))))))}. */
record ClassifierBlock(String name, GroupNorm norm1, Conv conv1, GroupNorm norm2, Conv conv2)
    implements Layer {
  private static final double EPS = 1e-5;

  ClassifierBlock(String name, int channels, int groups) {
    this(
        name,
        new GroupNorm(name + ".norm1", channels, groups, EPS),
        Conv.same(name + ".conv1", channels, channels, 3),
        new GroupNorm(name + ".norm2", channels, groups, EPS),
        Conv.same(name + ".conv2", channels, channels, 3).zero());
  }

  @Override
  public void declare(Parameters parameters) {
    parameters.add(norm1, conv1, norm2, conv2);
  }

  NDArray forward(Pass pass, NDArray x) {
    return pass.block(
        name,
        (p, in) -> {
          NDArray h = conv1.forward(p, Ops.silu(norm1.forward(p, in[0])));
          return in[0].add(conv2.forward(p, Ops.silu(norm2.forward(p, h))));
        },
        x);
  }
}
