package dmdx.nn.resnet;

import ai.djl.ndarray.NDArray;
import dmdx.api.network.Pass;
import dmdx.nn.layer.Conv;
import dmdx.nn.layer.GroupNorm;
import dmdx.nn.layer.Layer;
import dmdx.nn.layer.Linear;
import dmdx.nn.layer.Parameters;
import dmdx.nn.torch.Ops;
import org.jspecify.annotations.Nullable;

/**
 * {@code shortcut(x) + conv2(SiLU(norm2(conv1(SiLU(norm1(x))) + time_emb_proj(SiLU(emb)))))}; the
 * shortcut is a 1x1 convolution where the number of channels changes.
 *
 * @param name module path
 * @param in input channels
 * @param out output channels
 * @param groups groups of both norms
 * @param eps of both norms
 * @param timeWidth E, the width of the time embedding; 0 for a block without one
 */
public record ResnetBlock(String name, int in, int out, int groups, double eps, int timeWidth)
    implements Layer {

  @Override
  public void declare(Parameters parameters) {
    parameters.add(norm1(), conv1());
    if (timeWidth > 0) {
      parameters.add(timeProjection());
    }
    parameters.add(norm2(), conv2());
    if (in != out) {
      parameters.add(shortcut());
    }
  }

  /**
   * @param x {@code [B, in, H, W]}
   * @param emb time embedding {@code [B, E]}, before its activation; null exactly if {@link
   *     #timeWidth} is 0
   * @return {@code [B, out, H, W]}
   */
  public NDArray forward(Pass pass, NDArray x, @Nullable NDArray emb) {
    if ((emb == null) != (timeWidth == 0)) {
      throw new IllegalArgumentException(
          "%s: %s time embedding, but timeWidth is %d"
              .formatted(name, emb == null ? "no" : "a", timeWidth));
    }
    NDArray h = conv1().forward(pass, Ops.silu(norm1().forward(pass, x)));
    if (emb != null) {
      h = h.add(timeProjection().forward(pass, Ops.silu(emb)).reshape(-1, out, 1, 1));
    }
    h = conv2().forward(pass, Ops.silu(norm2().forward(pass, h)));
    return (in == out ? x : shortcut().forward(pass, x)).add(h);
  }

  private GroupNorm norm1() {
    return new GroupNorm(name + ".norm1", in, groups, eps);
  }

  private Conv conv1() {
    return Conv.same(name + ".conv1", in, out, 3);
  }

  private Linear timeProjection() {
    return Linear.of(name + ".time_emb_proj", timeWidth, out);
  }

  private GroupNorm norm2() {
    return new GroupNorm(name + ".norm2", out, groups, eps);
  }

  private Conv conv2() {
    return Conv.same(name + ".conv2", out, out, 3);
  }

  private Conv shortcut() {
    return Conv.same(name + ".conv_shortcut", in, out, 1);
  }
}
