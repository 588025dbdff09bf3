package dmdx.losses;

import ai.djl.ndarray.NDArray;
import dmdx.api.FeatureTap;
import dmdx.api.network.Pass;
import dmdx.nn.layer.Conv;
import dmdx.nn.layer.GroupNorm;
import dmdx.nn.layer.Layer;
import dmdx.nn.layer.Parameters;
import dmdx.nn.torch.Ops;
import java.util.ArrayList;
import java.util.List;

/**
 * A head: blocks of [convolution, GroupNorm, SiLU], then a 1x1 convolution to one logit a position.
 * That one starts at zero: a critic that has learnt nothing has no opinion, and so no gradient with
 * which to lead a generator astray.
 *
 * <p>A block halves its map with a 4x4 convolution, stride 2, padding 1. Where a side is a single
 * position already, so that halving would leave nothing, the block keeps the map's size with a 3x3
 * convolution, stride 1, padding 1.
 *
 * @param name module path: {@code heads.0}
 * @param blocks {@code blocks.j.conv}, {@code blocks.j.norm}
 * @param output {@code output}
 */
record ConvHead(String name, List<Block> blocks, Conv output) implements Layer {
  private static final double EPS = 1e-5;

  /**
   * @param mapSize height and width of the tap's map
   * @throws IllegalArgumentException naming the tap that no such head fits
   */
  static ConvHead of(String name, FeatureTap tap, long[] mapSize, ConvHeadsSettings settings) {
    String where = "conv heads: tap '%s' ".formatted(tap.name());
    if (tap.dimensions() != 2 || mapSize.length != 2) {
      throw new IllegalArgumentException(
          where + "is a video map; these heads are for pictures. Choose heads for video.");
    }
    long height = mapSize[0];
    long width = mapSize[1];
    if (height < 1 || width < 1) {
      throw new IllegalArgumentException(
          where + "has no positions (%dx%d). Use a larger picture.".formatted(height, width));
    }
    int hidden = Math.min(tap.channels(), settings.channels());
    if (hidden % settings.groups() != 0) {
      throw new IllegalArgumentException(
          where
              + "gives a hidden width of %d, which 'groups' = %d does not divide. "
                  .formatted(hidden, settings.groups())
              + "Set 'groups' to a divisor, or 'channels' to a multiple of it.");
    }
    List<Block> blocks = new ArrayList<>();
    for (int j = 0; j < settings.blocks(); j++) {
      String path = name + ".blocks." + j;
      int in = j == 0 ? tap.channels() : hidden;
      boolean halve = height > 1 && width > 1;
      Conv conv =
          halve
              ? Conv.of(path + ".conv", in, hidden, 4, 2, 1)
              : Conv.same(path + ".conv", in, hidden, 3);
      blocks.add(new Block(conv, new GroupNorm(path + ".norm", hidden, settings.groups(), EPS)));
      height = halve ? height / 2 : height;
      width = halve ? width / 2 : width;
    }
    if (hidden / settings.groups() * height * width < 2) {
      throw new IllegalArgumentException(
          where
              + "has a map of %dx%d, which its head shrinks to %dx%d; with %d channels in %d groups"
                  .formatted(mapSize[0], mapSize[1], height, width, hidden, settings.groups())
              + " each group is a single value, and its norm would erase it. Use fewer 'groups',"
              + " fewer 'blocks' or a larger picture.");
    }
    return new ConvHead(
        name, List.copyOf(blocks), Conv.of(name + ".output", hidden, 1, 1, 1, 0).zero());
  }

  @Override
  public void declare(Parameters parameters) {
    for (Block block : blocks) {
      parameters.add(block.conv(), block.norm());
    }
    parameters.add(output);
  }

  /**
   * @param x feature map {@code [B, C, H, W]}
   * @return logits {@code [B, 1, H', W']}
   */
  NDArray forward(Pass pass, NDArray x) {
    for (Block block : blocks) {
      x = Ops.silu(block.norm().forward(pass, block.conv().forward(pass, x)));
    }
    return output.forward(pass, x);
  }

  record Block(Conv conv, GroupNorm norm) {}
}
