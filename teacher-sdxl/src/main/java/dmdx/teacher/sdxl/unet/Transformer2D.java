package dmdx.teacher.sdxl.unet;

import ai.djl.ndarray.NDArray;
import dmdx.api.network.Pass;
import dmdx.nn.layer.Conv;
import dmdx.nn.layer.GroupNorm;
import dmdx.nn.layer.Layer;
import dmdx.nn.layer.Linear;
import dmdx.nn.layer.Parameters;
import java.util.List;
import java.util.stream.IntStream;

/**
 * {@code x + proj_out(blocks(proj_in(norm(x))))} over the positions of a feature map, row by row.
 *
 * @param name module path: {@code ….attentions.j}
 * @param channels C
 * @param layers number of transformer blocks
 * @param heads heads of every attention
 * @param contextWidth X
 * @param groups groups of the norm, whose eps is 1e-6
 * @param linear whether the projections are stored as matrices {@code [C, C]} (SDXL) or as 1x1
 *     convolutions {@code [C, C, 1, 1]} (Stable Diffusion 1.5)
 */
record Transformer2D(
    String name, int channels, int layers, int heads, int contextWidth, int groups, boolean linear)
    implements Layer {
  private static final double EPS = 1e-6;

  @Override
  public void declare(Parameters parameters) {
    parameters.add(norm());
    parameters.add(linear ? linearIn() : convIn());
    parameters.add(blocks());
    parameters.add(linear ? linearOut() : convOut());
  }

  /**
   * @param x {@code [B, C, H, W]}
   * @param context text {@code [B, M, X]}
   */
  NDArray forward(Pass pass, NDArray x, NDArray context) {
    long height = x.getShape().get(2);
    long width = x.getShape().get(3);
    NDArray y = pass.block(name + ".proj_in", (p, in) -> projectIn(p, in[0]), x);
    for (BasicTransformerBlock block : blocks()) {
      y = pass.block(block.name(), (p, in) -> block.forward(p, in[0], in[1]), y, context);
    }
    return pass.block(
        name + ".proj_out", (p, in) -> in[0].add(projectOut(p, in[1], height, width)), x, y);
  }

  private NDArray projectIn(Pass pass, NDArray x) {
    NDArray y = norm().forward(pass, x);
    return linear
        ? pass.tap(linearIn().name(), linearIn().forward(pass, tokens(y)))
        : tokens(pass.tap(convIn().name(), convIn().forward(pass, y)));
  }

  private NDArray projectOut(Pass pass, NDArray y, long height, long width) {
    return linear
        ? map(linearOut().forward(pass, y), height, width)
        : convOut().forward(pass, map(y, height, width));
  }

  /** {@code [B, C, H, W] -> [B, H W, C]}. */
  private NDArray tokens(NDArray x) {
    return x.reshape(x.getShape().get(0), channels, -1).transpose(0, 2, 1);
  }

  /** {@code [B, H W, C] -> [B, C, H, W]}. */
  private NDArray map(NDArray y, long height, long width) {
    return y.transpose(0, 2, 1).reshape(y.getShape().get(0), channels, height, width);
  }

  private List<BasicTransformerBlock> blocks() {
    return IntStream.range(0, layers)
        .mapToObj(
            k ->
                new BasicTransformerBlock(
                    name + ".transformer_blocks." + k, channels, contextWidth, heads))
        .toList();
  }

  private GroupNorm norm() {
    return new GroupNorm(name + ".norm", channels, groups, EPS);
  }

  private Linear linearIn() {
    return Linear.of(name + ".proj_in", channels, channels);
  }

  private Linear linearOut() {
    return Linear.zero(name + ".proj_out", channels, channels);
  }

  private Conv convIn() {
    return Conv.same(name + ".proj_in", channels, channels, 1);
  }

  private Conv convOut() {
    return Conv.same(name + ".proj_out", channels, channels, 1).zero();
  }
}
