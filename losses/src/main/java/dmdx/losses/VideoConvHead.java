package dmdx.losses;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import dmdx.api.FeatureTap;
import dmdx.api.network.ParameterSpec;
import dmdx.api.network.Pass;
import dmdx.nn.layer.Conv;
import dmdx.nn.layer.Parameters;
import java.util.ArrayList;
import java.util.List;

/**
 * A head for videos: blocks of [3x3x3 convolution, stride 1, padding 1; GroupNorm; SiLU] that look
 * across frames, then a {@link ConvHead} on every frame by itself.
 *
 * @param name module path: {@code heads.0}
 * @param volume {@code volume.j.conv}, {@code volume.j.norm}
 * @param frames {@code frames}
 */
record VideoConvHead(String name, List<ConvBlock> volume, ConvHead frames) implements Head {

  /** The head of a tap of videos. */
  static VideoConvHead of(String name, FeatureTap tap, long[] size, ConvHeadsSettings settings) {
    int hidden = settings.hidden(tap);
    List<ConvBlock> volume = new ArrayList<>();
    for (int j = 0; j < settings.volumeBlocks(); j++) {
      String path = name + ".volume." + j;
      volume.add(
          ConvBlock.of(
              path,
              cube(path + ".conv", j == 0 ? tap.channels() : hidden, hidden),
              settings.groups()));
    }
    return new VideoConvHead(
        name, List.copyOf(volume), ConvHead.ofFrames(name + ".frames", hidden, size, settings));
  }

  private static Conv cube(String name, int in, int out) {
    return new Conv(name, in, out, 3, 1, new Shape(1, 1, 1), true, ParameterSpec.fanIn(27L * in));
  }

  @Override
  public void declare(Parameters parameters) {
    parameters.add(volume).add(frames);
  }

  /**
   * @param x feature map {@code [B, C, T, H, W]}
   * @return logits {@code [B, 1, T, H', W']}
   */
  @Override
  public NDArray forward(Pass pass, NDArray x) {
    for (ConvBlock block : volume) {
      x = block.forward(pass, x);
    }
    Shape s = x.getShape();
    long batch = s.get(0);
    long time = s.get(2);
    NDArray pictures =
        x.transpose(0, 2, 1, 3, 4).reshape(batch * time, s.get(1), s.get(3), s.get(4));
    NDArray logits = frames.forward(pass, pictures);
    return logits.reshape(batch, 1, time, logits.getShape().get(2), logits.getShape().get(3));
  }
}
