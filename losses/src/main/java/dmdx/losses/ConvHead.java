package dmdx.losses;

import ai.djl.ndarray.NDArray;
import dmdx.api.FeatureTap;
import dmdx.api.network.Pass;
import dmdx.nn.heads.Head;
import dmdx.nn.layer.Conv;
import dmdx.nn.layer.Parameters;
import java.util.ArrayList;
import java.util.List;

/**
 * A head for pictures: blocks of [convolution, GroupNorm, SiLU], then a convolution to one logit a
 * position, 1x1 unless set. That one starts at zero: a critic that has learnt nothing has no
 * opinion, and so no gradient with which to lead a generator astray.
 *
 * <p>A block halves its map with a 4x4 convolution, stride 2, padding 1. Where a side is a single
 * position already, so that halving would leave nothing, the block keeps the map's size with a 3x3
 * convolution, stride 1, padding 1, or is refused.
 *
 * @param name module path: {@code heads.0}
 * @param blocks {@code blocks.j.conv}, {@code blocks.j.norm}
 * @param output {@code output}
 */
record ConvHead(String name, List<ConvBlock> blocks, Conv output) implements Head {

  /** The head of a tap of pictures. */
  static ConvHead of(String name, FeatureTap tap, long[] size, ConvHeadsSettings settings) {
    int hidden = settings.hidden(tap);
    List<ConvBlock> blocks = new ArrayList<>();
    long height = size[0];
    long width = size[1];
    for (int j = 0; j < settings.blocks(); j++) {
      String path = name + ".blocks." + j;
      int in = j == 0 ? tap.channels() : hidden;
      boolean halve = settings.halves(size, height, width);
      Conv conv =
          halve
              ? Conv.of(path + ".conv", in, hidden, 4, 2, 1)
              : Conv.same(path + ".conv", in, hidden, 3);
      blocks.add(ConvBlock.of(path, conv, settings.groups()));
      height = halve ? height / 2 : height;
      width = halve ? width / 2 : width;
    }
    settings.checkNorm(hidden, size, height, width);
    return new ConvHead(name, List.copyOf(blocks), settings.output(name, hidden));
  }

  @Override
  public void declare(Parameters parameters) {
    parameters.add(blocks).add(output);
  }

  /**
   * @param x feature map {@code [B, C, H, W]}
   * @return logits {@code [B, 1, H', W']}
   */
  @Override
  public NDArray forward(Pass pass, NDArray x) {
    for (ConvBlock block : blocks) {
      x = block.forward(pass, x);
    }
    return output.forward(pass, x);
  }
}
