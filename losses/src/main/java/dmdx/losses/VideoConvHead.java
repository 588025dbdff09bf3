package dmdx.losses;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import dmdx.api.FeatureTap;
import dmdx.api.network.Pass;
import dmdx.nn.heads.Head;
import dmdx.nn.layer.Conv;
import dmdx.nn.layer.Parameters;
import java.util.ArrayList;
import java.util.List;

/**
 * A head for videos: {@link VideoBlock}s, then the convolution to logits on every frame by itself,
 * which starts at zero as that of {@link ConvHead} does.
 *
 * @param name module path: {@code heads.0}
 * @param blocks {@code blocks.j.volume}, {@code blocks.j.frame}, {@code blocks.j.norm}
 * @param output {@code output}
 */
record VideoConvHead(String name, List<VideoBlock> blocks, Conv output) implements Head {

  /** The head of a tap of videos. */
  static VideoConvHead of(String name, FeatureTap tap, long[] size, ConvHeadsSettings settings) {
    int hidden = settings.hidden(tap);
    List<VideoBlock> blocks = new ArrayList<>();
    long height = size[1];
    long width = size[2];
    for (int j = 0; j < settings.videoBlocks(); j++) {
      int in = j == 0 ? tap.channels() : hidden;
      blocks.add(VideoBlock.of(name + ".blocks." + j, in, hidden, settings.groups()));
      height = (height + 1) / 2;
      width = (width + 1) / 2;
    }
    settings.checkNorm(hidden, size, size[0], height, width);
    return new VideoConvHead(name, List.copyOf(blocks), settings.output(name, hidden));
  }

  @Override
  public void declare(Parameters parameters) {
    parameters.add(blocks).add(output);
  }

  /**
   * @param x feature map {@code [B, C, T, H, W]}
   * @return logits {@code [B, 1, T, H', W']}
   */
  @Override
  public NDArray forward(Pass pass, NDArray x) {
    for (VideoBlock block : blocks) {
      x = block.forward(pass, x);
    }
    return frameByFrame(pass, output, x);
  }

  /** A 2-D convolution of every frame of {@code [B, C, T, H, W]}. */
  static NDArray frameByFrame(Pass pass, Conv conv, NDArray x) {
    Shape s = x.getShape();
    NDArray frames =
        x.transpose(0, 2, 1, 3, 4).reshape(s.get(0) * s.get(2), s.get(1), s.get(3), s.get(4));
    NDArray y = conv.forward(pass, frames);
    Shape m = y.getShape();
    return y.reshape(s.get(0), s.get(2), m.get(1), m.get(2), m.get(3)).transpose(0, 2, 1, 3, 4);
  }
}
