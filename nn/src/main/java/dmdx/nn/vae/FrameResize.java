package dmdx.nn.vae;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.Shape;
import dmdx.api.network.Pass;
import dmdx.nn.layer.Layer;
import dmdx.nn.layer.Parameters;
import dmdx.nn.resnet.Downsample;
import dmdx.nn.resnet.Upsample;
import dmdx.nn.torch.Ops;
import java.util.function.UnaryOperator;

/**
 * Halves or doubles the size of frames, and on request their number. An odd number of frames keeps
 * its first as it is: T frames become {@code (T + 1) / 2} or {@code 2 T - 1}.
 *
 * @param level module path of the level this ends
 * @param channels C, in and out
 * @param resize what to do
 * @param time whether the number of frames changes too; a single frame stays one
 */
record FrameResize(String level, int channels, Level.Resize resize, boolean time) implements Layer {
  private static final int TIME = 2;

  @Override
  public void declare(Parameters parameters) {
    switch (resize) {
      case NONE -> {}
      case HALVE -> parameters.add(downsample());
      case DOUBLE -> parameters.add(upsample());
    }
  }

  /**
   * @param x {@code [B, C, T, H, W]}
   */
  NDArray forward(Pass pass, NDArray x) {
    return switch (resize) {
      case NONE -> x;
      case HALVE ->
          eachFrame(
              time ? butAnOddFirst(x, FrameResize::averagedPairs) : x,
              frames -> downsample().forward(pass, frames));
      case DOUBLE ->
          eachFrame(
              time ? butAnOddFirst(x, FrameResize::twice) : x,
              frames -> upsample().forward(pass, frames));
    };
  }

  private static NDArray butAnOddFirst(NDArray x, UnaryOperator<NDArray> change) {
    long frames = x.getShape().get(TIME);
    if (frames % 2 == 0) {
      return change.apply(x);
    }
    if (frames == 1) {
      return x;
    }
    NDArray rest = change.apply(Ops.slice(x, TIME, 1, frames));
    return NDArrays.concat(new NDList(Ops.slice(x, TIME, 0, 1), rest), TIME);
  }

  private static NDArray averagedPairs(NDArray x) {
    Shape s = x.getShape();
    return x.reshape(s.get(0), s.get(1), s.get(TIME) / 2, 2, s.get(3), s.get(4))
        .mean(new int[] {TIME + 1});
  }

  private static NDArray twice(NDArray x) {
    Shape s = x.getShape();
    return Ops.resizeNearest(x, 2 * s.get(TIME), s.get(3), s.get(4));
  }

  private static NDArray eachFrame(NDArray x, UnaryOperator<NDArray> image) {
    Shape s = x.getShape();
    NDArray frames =
        x.transpose(0, 2, 1, 3, 4).reshape(s.get(0) * s.get(TIME), s.get(1), s.get(3), s.get(4));
    NDArray changed = image.apply(frames);
    Shape c = changed.getShape();
    return changed
        .reshape(s.get(0), s.get(TIME), c.get(1), c.get(2), c.get(3))
        .transpose(0, 2, 1, 3, 4);
  }

  private Downsample downsample() {
    return new Downsample(level + ".downsamplers.0", channels, Downsample.Padding.RIGHT_BOTTOM);
  }

  private Upsample upsample() {
    return new Upsample(level + ".upsamplers.0", channels);
  }
}
