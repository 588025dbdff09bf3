package dmdx.nn.resnet;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import dmdx.api.network.Network;
import dmdx.api.network.ParameterSpec;
import dmdx.nn.layer.Layer;
import dmdx.nn.layer.Parameters;
import dmdx.nn.weights.ForwardPass;
import dmdx.nn.weights.Noise;
import dmdx.nn.weights.TrainableWeights;
import java.util.List;
import java.util.function.BiFunction;
import org.junit.jupiter.api.Test;

class ResnetBlockTests {

  @Test
  void declares_what_a_checkpoint_holds() {
    List<String> names =
        network(new ResnetBlock("r", 4, 8, 2, 1e-5, 6)).parameters().stream()
            .map(ParameterSpec::name)
            .filter(name -> name.endsWith(".weight"))
            .toList();
    assertEquals(
        List.of(
            "r.norm1.weight",
            "r.conv1.weight",
            "r.time_emb_proj.weight",
            "r.norm2.weight",
            "r.conv2.weight",
            "r.conv_shortcut.weight"),
        names);
  }

  @Test
  void changes_the_number_of_channels() {
    ResnetBlock block = new ResnetBlock("r", 4, 8, 2, 1e-5, 0);
    assertEquals(new Shape(2, 8, 5, 7), shape(block, (pass, x) -> block.forward(pass, x, null)));
  }

  @Test
  void rejects_a_time_embedding_it_has_no_weights_for() {
    ResnetBlock block = new ResnetBlock("r", 4, 4, 2, 1e-5, 0);
    assertThrows(
        IllegalArgumentException.class, () -> shape(block, (pass, x) -> block.forward(pass, x, x)));
  }

  @Test
  void rounds_odd_sizes_up_when_symmetric_and_down_when_not() {
    Downsample symmetric = new Downsample("d", 4, Downsample.Padding.SYMMETRIC);
    Downsample asymmetric = new Downsample("d", 4, Downsample.Padding.RIGHT_BOTTOM);
    assertEquals(new Shape(2, 4, 3, 4), shape(symmetric, symmetric::forward));
    assertEquals(new Shape(2, 4, 2, 3), shape(asymmetric, asymmetric::forward));
  }

  @Test
  void enlarges_twofold_or_to_a_given_size() {
    Upsample upsample = new Upsample("u", 4);
    assertEquals(new Shape(2, 4, 10, 14), shape(upsample, upsample::forward));
    assertEquals(
        new Shape(2, 4, 9, 13), shape(upsample, (pass, x) -> upsample.forward(pass, x, 9, 13)));
  }

  private static Network network(Layer layer) {
    return () -> new Parameters().add(layer).list();
  }

  private static Shape shape(Layer layer, BiFunction<ForwardPass, NDArray, NDArray> forward) {
    try (NDManager manager = NDManager.newBaseManager();
        TrainableWeights weights = TrainableWeights.initialised(network(layer), 1, manager)) {
      NDArray x = Noise.of(1).gaussian(manager, new Shape(2, 4, 5, 7));
      return forward.apply(ForwardPass.of(weights, manager), x).getShape();
    }
  }
}
