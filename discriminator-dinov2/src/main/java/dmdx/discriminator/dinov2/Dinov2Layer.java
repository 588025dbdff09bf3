package dmdx.discriminator.dinov2;

import ai.djl.ndarray.NDArray;
import dmdx.api.network.ParameterSpec.Initial;
import dmdx.api.network.Pass;
import dmdx.nn.layer.Layer;
import dmdx.nn.layer.LayerNorm;
import dmdx.nn.layer.Parameters;

/**
 * A transformer layer: {@code x + lambda1 attention(norm1(x))}, then {@code x + lambda2
 * mlp(norm2(x))}, with a learned factor lambda per channel.
 *
 * @param name module path: {@code encoder.layer.0}
 */
record Dinov2Layer(
    String name,
    LayerNorm norm1,
    Dinov2Attention attention,
    LayerNorm norm2,
    Dinov2FeedForward mlp,
    int width)
    implements Layer {

  static Dinov2Layer of(String name, Dinov2Config c) {
    return new Dinov2Layer(
        name,
        new LayerNorm(name + ".norm1", c.hidden(), c.eps()),
        Dinov2Attention.of(name + ".attention", c),
        new LayerNorm(name + ".norm2", c.hidden(), c.eps()),
        Dinov2FeedForward.of(name + ".mlp", c),
        c.hidden());
  }

  @Override
  public void declare(Parameters parameters) {
    parameters.add(norm1, attention);
    parameters.add(scale(1), new Initial.Ones(), width);
    parameters.add(norm2, mlp);
    parameters.add(scale(2), new Initial.Ones(), width);
  }

  /**
   * @param x {@code [B, N, h]}
   */
  NDArray forward(Pass pass, NDArray x) {
    NDArray y = attention.forward(pass, norm1.forward(pass, x));
    NDArray z = x.add(y.mul(pass.weight(scale(1))));
    return z.add(mlp.forward(pass, norm2.forward(pass, z)).mul(pass.weight(scale(2))));
  }

  private String scale(int branch) {
    return name + ".layer_scale" + branch + ".lambda1";
  }
}
