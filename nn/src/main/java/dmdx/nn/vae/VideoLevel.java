package dmdx.nn.vae;

import ai.djl.ndarray.NDArray;
import dmdx.nn.layer.Layer;
import dmdx.nn.layer.Parameters;
import java.util.ArrayList;
import java.util.List;

/**
 * The ResNets of one resolution of a video encoder or decoder, and the change to the next one.
 *
 * @param name module path
 * @param in input channels
 * @param out output channels
 * @param layers number of ResNets
 * @param norms makes their norms
 * @param resize what follows the ResNets
 * @param time whether that changes the number of frames too
 */
record VideoLevel(
    String name, int in, int out, int layers, VideoNorms norms, Level.Resize resize, boolean time)
    implements Layer {

  /** The middle of an encoder or decoder, two ResNets. */
  static VideoLevel middle(String name, int channels, VideoNorms norms) {
    return new VideoLevel(name, channels, channels, 2, norms, Level.Resize.NONE, false);
  }

  @Override
  public void declare(Parameters parameters) {
    parameters.add(resnets()).add(change());
  }

  /**
   * @param x {@code [B, in, T, H, W]}
   */
  NDArray forward(ChunkPass chunk, NDArray x) {
    NDArray h = x;
    for (CausalResnet resnet : resnets()) {
      h = chunk.block(resnet.name(), resnet::forward, h);
    }
    if (resize != Level.Resize.NONE) {
      h = chunk.block(name + "." + resize, (c, u) -> change().forward(c.pass(), u), h);
    }
    return chunk.tap(name, h);
  }

  private List<CausalResnet> resnets() {
    List<CausalResnet> resnets = new ArrayList<>();
    for (int i = 0; i < layers; i++) {
      resnets.add(new CausalResnet(name + ".resnets." + i, i == 0 ? in : out, out, norms));
    }
    return resnets;
  }

  private FrameResize change() {
    return new FrameResize(name, out, resize, time);
  }
}
