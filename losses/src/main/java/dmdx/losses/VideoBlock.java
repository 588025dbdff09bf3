package dmdx.losses;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import dmdx.api.network.ParameterSpec;
import dmdx.api.network.Pass;
import dmdx.nn.layer.Conv;
import dmdx.nn.layer.GroupNorm;
import dmdx.nn.layer.Layer;
import dmdx.nn.layer.Parameters;
import dmdx.nn.torch.Ops;

/**
 * Halves the frames of a video: a 3x3x3 convolution, stride 1, padding 1, that looks across frames,
 * a 3x3 convolution, stride 2, padding 1, of every frame, which leaves a single position as it is,
 * then GroupNorm and SiLU (Appendix B).
 *
 * @param volume {@code volume}
 * @param frame {@code frame}
 * @param norm {@code norm}
 */
record VideoBlock(Conv volume, Conv frame, GroupNorm norm) implements Layer {

  static VideoBlock of(String name, int in, int out, int groups) {
    Shape padding = new Shape(1, 1, 1);
    ParameterSpec.Initial initial = ParameterSpec.fanIn(27L * in);
    return new VideoBlock(
        new Conv(name + ".volume", in, out, 3, 1, padding, true, initial),
        Conv.of(name + ".frame", out, out, 3, 2, 1),
        new GroupNorm(name + ".norm", out, groups, ConvBlock.EPS));
  }

  @Override
  public void declare(Parameters parameters) {
    parameters.add(volume, frame, norm);
  }

  /**
   * @param x {@code [B, C, T, H, W]}
   * @return {@code [B, C', T, ceil(H/2), ceil(W/2)]}
   */
  NDArray forward(Pass pass, NDArray x) {
    NDArray y = VideoConvHead.frameByFrame(pass, frame, volume.forward(pass, x));
    return Ops.silu(norm.forward(pass, y));
  }
}
