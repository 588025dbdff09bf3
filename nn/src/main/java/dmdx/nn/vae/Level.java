package dmdx.nn.vae;

import ai.djl.ndarray.NDArray;
import dmdx.api.network.Pass;
import dmdx.nn.layer.Layer;
import dmdx.nn.layer.Parameters;
import dmdx.nn.resnet.Downsample;
import dmdx.nn.resnet.ResnetBlock;
import dmdx.nn.resnet.Upsample;
import java.util.ArrayList;
import java.util.List;

/**
 * The ResNets of one resolution of the encoder or decoder, and the change to the next one.
 *
 * @param name module path
 * @param in input channels
 * @param out output channels
 * @param layers number of ResNets
 * @param groups groups of every norm
 * @param resize what follows the ResNets
 */
record Level(String name, int in, int out, int layers, int groups, Resize resize) implements Layer {

  enum Resize {
    NONE,
    HALVE,
    DOUBLE
  }

  @Override
  public void declare(Parameters parameters) {
    parameters.add(resnets());
    switch (resize) {
      case NONE -> {}
      case HALVE -> parameters.add(downsample());
      case DOUBLE -> parameters.add(upsample());
    }
  }

  /**
   * @param x {@code [B, in, H, W]}
   */
  NDArray forward(Pass pass, NDArray x) {
    NDArray h = x;
    for (ResnetBlock resnet : resnets()) {
      h = pass.block(resnet.name(), (p, in) -> resnet.forward(p, in[0], null), h);
    }
    h =
        switch (resize) {
          case NONE -> h;
          case HALVE ->
              pass.block(downsample().name(), (p, in) -> downsample().forward(p, in[0]), h);
          case DOUBLE -> pass.block(upsample().name(), (p, in) -> upsample().forward(p, in[0]), h);
        };
    return pass.tap(name, h);
  }

  private List<ResnetBlock> resnets() {
    List<ResnetBlock> resnets = new ArrayList<>();
    for (int i = 0; i < layers; i++) {
      String path = name + ".resnets." + i;
      resnets.add(new ResnetBlock(path, i == 0 ? in : out, out, groups, AutoencoderKl.EPS, 0));
    }
    return resnets;
  }

  private Downsample downsample() {
    return new Downsample(name + ".downsamplers.0", out, Downsample.Padding.RIGHT_BOTTOM);
  }

  private Upsample upsample() {
    return new Upsample(name + ".upsamplers.0", out);
  }
}
