package dmdx.nn.perceptual;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import dmdx.api.network.ParameterSpec;
import dmdx.nn.torch.Autograd;
import dmdx.nn.weights.ForwardPass;
import dmdx.nn.weights.MapWeights;
import dmdx.nn.weights.Noise;
import dmdx.nn.weights.TrainableWeights;
import java.util.LinkedHashMap;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class LpipsTests {
  private static final Lpips SMALL = new Lpips(Features.vgg(3, 4, 5, 6, 7));

  private final NDManager manager = NDManager.newBaseManager();

  @AfterEach
  void free() {
    manager.close();
  }

  private NDArray pictures(String name, int side) {
    return Noise.of(name).gaussian(manager, new Shape(2, 3, side, side));
  }

  @Test
  void has_the_parameters_of_the_published_classifiers() {
    assertEquals(2_469_696 + 1152, Lpips.alex().parameterCount());
    assertEquals(14_714_688 + 1472, Lpips.vgg().parameterCount());
  }

  @Test
  void names_are_those_of_the_published_files() {
    assertEquals("net.slice5.28.bias", Lpips.vgg().aliases().get("features.28.bias"));
    assertEquals("net.slice2.3.weight", Lpips.alex().aliases().get("features.3.weight"));
    assertEquals(26, Lpips.vgg().aliases().size());
    assertTrue(Lpips.ignores("classifier.6.weight"));
  }

  @Test
  void is_zero_between_equals_and_the_same_both_ways() {
    try (TrainableWeights weights = TrainableWeights.initialised(SMALL, 1, manager)) {
      ForwardPass pass = ForwardPass.of(weights, manager);
      NDArray a = pictures("a", 16);
      NDArray b = pictures("b", 16);
      assertArrayEquals(new float[2], SMALL.distance(pass, a, a).toFloatArray());
      NDArray there = SMALL.distance(pass, a, b);
      NDArray back = SMALL.distance(pass, b, a);
      assertEquals(new Shape(2), there.getShape());
      assertArrayEquals(there.toFloatArray(), back.toFloatArray(), 1e-6f);
    }
  }

  /**
   * Features of the first stage are the red and green of flat pictures; only they have a weight:
   * with unit vectors n, the distance is {@code 2 (n_r - m_r)^2 + 3 (n_g - m_g)^2}.
   */
  @Test
  void equals_the_distance_computed_by_hand() {
    Lpips network = new Lpips(Features.vgg(2, 1, 1, 1, 1));
    Map<String, NDArray> tensors = new LinkedHashMap<>();
    for (ParameterSpec parameter : network.parameters()) {
      tensors.put(parameter.name(), manager.zeros(parameter.shape()));
    }
    float[] first = new float[2 * 3 * 9];
    first[4] = 1; // red into channel 0, middle of the kernel
    first[3 * 9 + 9 + 4] = 1; // green into channel 1
    tensors.put("features.0.weight", manager.create(first, new Shape(2, 3, 3, 3)));
    float[] second = new float[2 * 2 * 9];
    second[4] = 1;
    second[2 * 9 + 9 + 4] = 1;
    tensors.put("features.2.weight", manager.create(second, new Shape(2, 2, 3, 3)));
    tensors.put("lin0.model.1.weight", manager.create(new float[] {2, 3}, new Shape(1, 2, 1, 1)));
    ForwardPass pass = ForwardPass.of(new MapWeights("hand", tensors), manager);
    double[] n = unit((0.5 + 0.030) / 0.458, (0.2 + 0.088) / 0.448);
    double[] m = unit((0.1 + 0.030) / 0.458, (0.9 + 0.088) / 0.448);
    double expected = 2 * Math.pow(n[0] - m[0], 2) + 3 * Math.pow(n[1] - m[1], 2);
    NDArray actual = network.distance(pass, flat(0.5f, 0.2f), flat(0.1f, 0.9f));
    assertArrayEquals(new float[] {(float) expected}, actual.toFloatArray(), 1e-6f);
  }

  private static double[] unit(double red, double green) {
    double length = Math.hypot(red, green);
    return new double[] {red / length, green / length};
  }

  private NDArray flat(float red, float green) {
    NDArray ones = manager.ones(new Shape(1, 1, 16, 16));
    return ones.mul(manager.create(new float[] {red, green, 0}, new Shape(1, 3, 1, 1)));
  }

  /** All features are cut off by the ReLU: lengths are zero, where a root has no derivative. */
  @Test
  void gradients_stay_finite_where_no_feature_is_active() {
    try (TrainableWeights weights = TrainableWeights.initialised(SMALL, 1, manager);
        Autograd.Mode recording = Autograd.recording()) {
      weights.get("features.7.bias").subi(100);
      NDArray a = Autograd.leaf(pictures("a", 16));
      NDArray distance = SMALL.distance(ForwardPass.of(weights, manager), a, pictures("b", 16));
      Autograd.backward(distance.sum());
      NDArray gradient = Autograd.gradient(a);
      assertTrue(gradient != null);
      float sum = gradient.abs().sum().getFloat();
      assertTrue(Float.isFinite(sum) && sum > 0, "gradient " + sum);
    }
  }

  @Test
  void rejects_pictures_that_are_too_small() {
    Lpips network = new Lpips(Features.alex(2, 2, 2, 2, 2));
    try (TrainableWeights weights = TrainableWeights.initialised(network, 1, manager)) {
      NDArray small = pictures("a", 30);
      ForwardPass pass = ForwardPass.of(weights, manager);
      String message =
          assertThrows(IllegalArgumentException.class, () -> network.distance(pass, small, small))
              .getMessage();
      assertTrue(
          String.valueOf(message).endsWith("expected [B, 3, H, W] of at least 31 by 31 pixels"),
          message);
      assertEquals(
          new Shape(2), network.distance(pass, pictures("a", 31), pictures("b", 31)).getShape());
    }
  }
}
