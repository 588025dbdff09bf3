package dmdx.nn.perceptual;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import dmdx.api.network.Pass;
import dmdx.nn.layer.Conv;
import dmdx.nn.layer.Layer;
import dmdx.nn.layer.Parameters;
import dmdx.nn.torch.Ops;
import java.util.ArrayList;
import java.util.List;

/**
 * The convolutions of a classifier that was trained on ImageNet, with torchvision's names {@code
 * features.<index>}, in five stages that each end in a feature map.
 *
 * @param stages the five
 * @param smallest side in pixels that leaves something to the last stage
 */
record Features(List<Stage> stages, int smallest) implements Layer {

  /**
   * Some convolutions, a ReLU behind each.
   *
   * @param pool side of the windows of which only the largest value enters, two positions apart; 0
   *     to let all in
   */
  record Stage(int pool, List<Conv> convs) {
    int channels() {
      return convs.get(convs.size() - 1).out();
    }

    NDArray forward(Pass pass, NDArray x) {
      NDArray y = pool == 0 ? x : Ops.maxPool(x, pool, 2);
      for (Conv conv : convs) {
        y = Ops.relu(conv.forward(pass, y));
      }
      return y;
    }
  }

  /**
   * AlexNet.
   *
   * @param widths channels of the five convolutions
   */
  static Features alex(int... widths) {
    int[] index = {0, 3, 6, 8, 10};
    int[] kernel = {11, 5, 3, 3, 3};
    int[] pool = {0, 3, 3, 0, 0};
    List<Stage> stages = new ArrayList<>();
    int in = 3;
    for (int k = 0; k < 5; k++) {
      String name = "features." + index[k];
      Conv conv =
          k == 0
              ? Conv.of(name, in, widths[k], kernel[k], 4, 2)
              : Conv.same(name, in, widths[k], kernel[k]);
      stages.add(new Stage(pool[k], List.of(conv)));
      in = widths[k];
    }
    return new Features(List.copyOf(stages), 31);
  }

  /**
   * VGG16.
   *
   * @param widths channels of the five stages
   */
  static Features vgg(int... widths) {
    int[] depth = {2, 2, 3, 3, 3};
    List<Stage> stages = new ArrayList<>();
    int in = 3;
    int index = 0;
    for (int k = 0; k < 5; k++) {
      List<Conv> convs = new ArrayList<>();
      for (int i = 0; i < depth[k]; i++) {
        convs.add(Conv.same("features." + index, in, widths[k], 3));
        in = widths[k];
        index += 2; // a ReLU has a number of its own
      }
      stages.add(new Stage(k == 0 ? 0 : 2, List.copyOf(convs)));
      index++; // and so has a pooling
    }
    return new Features(List.copyOf(stages), 16);
  }

  @Override
  public void declare(Parameters parameters) {
    stages.forEach(stage -> parameters.add(stage.convs()));
  }

  /**
   * The five feature maps.
   *
   * @param x {@code [B, 3, H, W]}
   * @throws IllegalArgumentException if the pictures are too small
   */
  List<NDArray> forward(Pass pass, NDArray x) {
    Shape shape = x.getShape();
    if (shape.dimension() != 4
        || shape.get(1) != 3
        || shape.get(2) < smallest
        || shape.get(3) < smallest) {
      throw new IllegalArgumentException(
          "pictures are %s, expected [B, 3, H, W] of at least %d by %d pixels"
              .formatted(shape, smallest, smallest));
    }
    List<NDArray> maps = new ArrayList<>();
    NDArray y = x;
    for (Stage stage : stages) {
      y = pass.block(stage.convs().get(0).name(), (p, in) -> stage.forward(p, in[0]), y);
      maps.add(y);
    }
    return maps;
  }
}
