package dmdx.discriminator.sam;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import dmdx.api.network.Pass;
import dmdx.nn.layer.Layer;
import dmdx.nn.layer.LayerNorm;
import dmdx.nn.layer.Linear;
import dmdx.nn.layer.Parameters;
import dmdx.nn.torch.Ops;

/**
 * A transformer layer: {@code x + attn(norm1(x))}, then {@code x + mlp(norm2(x))}.
 *
 * <p>A windowed layer cuts the normed grid into {@code S x S} windows. Where S does not divide G
 * the grid is padded with zeros below and to the right; padded positions take part as keys.
 *
 * @param name module path: {@code vision_encoder.layers.0}
 * @param window S, or 0 for attention over the whole grid
 */
record SamLayer(
    String name,
    int window,
    LayerNorm norm1,
    SamAttention attention,
    LayerNorm norm2,
    Linear lin1,
    Linear lin2)
    implements Layer {

  static SamLayer of(String name, SamConfig c, int index) {
    int window = c.isGlobal(index) ? 0 : c.window();
    return new SamLayer(
        name,
        window,
        new LayerNorm(name + ".layer_norm1", c.hidden(), c.eps()),
        SamAttention.of(name + ".attn", c, window == 0 ? c.grid() : window),
        new LayerNorm(name + ".layer_norm2", c.hidden(), c.eps()),
        Linear.of(name + ".mlp.lin1", c.hidden(), c.mlp()),
        Linear.of(name + ".mlp.lin2", c.mlp(), c.hidden()));
  }

  @Override
  public void declare(Parameters parameters) {
    parameters.add(norm1, attention, norm2, lin1, lin2);
  }

  /**
   * @param x {@code [B, G, G, h]}
   */
  NDArray forward(Pass pass, NDArray x) {
    NDArray y = norm1.forward(pass, x);
    y = window == 0 ? attention.forward(pass, y) : windowed(pass, y);
    NDArray z = x.add(y);
    NDArray inner = Ops.gelu(lin1.forward(pass, norm2.forward(pass, z)));
    return z.add(lin2.forward(pass, inner));
  }

  private NDArray windowed(Pass pass, NDArray x) {
    Shape s = x.getShape();
    long batch = s.get(0);
    long grid = s.get(1);
    long h = s.get(3);
    int padding = (int) Math.floorMod(-grid, (long) window);
    long count = (grid + padding) / window;
    NDArray padded = padding == 0 ? x : Ops.padGrid(x, padding, padding);
    NDArray windows =
        padded
            .reshape(batch, count, window, count, window, h)
            .transpose(0, 1, 3, 2, 4, 5)
            .reshape(batch * count * count, window, window, h);
    NDArray whole =
        attention
            .forward(pass, windows)
            .reshape(batch, count, count, window, window, h)
            .transpose(0, 1, 3, 2, 4, 5)
            .reshape(batch, grid + padding, grid + padding, h);
    return padding == 0 ? whole : Ops.slice(Ops.slice(whole, 1, 0, grid), 2, 0, grid);
  }
}
