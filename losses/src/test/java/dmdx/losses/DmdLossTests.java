package dmdx.losses;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import com.typesafe.config.ConfigFactory;
import dmdx.api.DivergenceLoss;
import dmdx.api.ScoreEstimates;
import dmdx.api.settings.Settings;
import dmdx.nn.torch.Autograd;
import dmdx.nn.torch.Ops;
import dmdx.nn.weights.Noise;
import java.nio.file.Path;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

@SuppressWarnings("try") // resources that act by being open
class DmdLossTests {
  private static final Shape SHAPE = new Shape(3, 2, 4, 4);
  private static final DivergenceLoss.Critic NONE =
      (x, t) -> {
        throw new AssertionError("dmd has no critic");
      };

  private final NDManager manager = NDManager.newBaseManager();
  private final DivergenceLoss dmd =
      new DmdProvider().create(Settings.of(ConfigFactory.empty(), Path.of(".")));

  @AfterEach
  void close() {
    manager.close();
  }

  @Test
  void gradient_is_the_normalised_difference_of_the_scores() {
    NDArray student = noise("student");
    NDArray fake = noise("fake");
    NDArray real = noise("real");
    float[] expected = new float[(int) SHAPE.size()];
    int perSample = expected.length / 3;
    float[] x = student.toFloatArray();
    float[] f = fake.toFloatArray();
    float[] r = real.toFloatArray();
    double value = 0;
    for (int b = 0; b < 3; b++) {
      double distance = 0;
      for (int i = b * perSample; i < (b + 1) * perSample; i++) {
        distance += Math.abs(x[i] - r[i]) / perSample;
      }
      for (int i = b * perSample; i < (b + 1) * perSample; i++) {
        double g = (f[i] - r[i]) / distance;
        expected[i] = (float) (g / expected.length);
        value += 0.5 * g * g / expected.length;
      }
    }

    try (Autograd.Mode recording = Autograd.recording()) {
      NDArray leaf = Autograd.leaf(student);
      // what the fake score says depends on the student, but is constant in this loss
      NDArray dependent = fake.add(Ops.times(leaf.sub(student), 7));
      NDArray loss = dmd.generator(estimates(leaf, dependent, real), NONE);
      assertEquals(value, loss.getFloat(), 1e-5 * value);
      assertTrue(Autograd.isRecorded(loss));
      Autograd.backward(loss);
      NDArray gradient = Objects.requireNonNull(Autograd.gradient(leaf));
      assertArrayEquals(expected, gradient.toFloatArray(), 1e-8f);
    }
    NDArray probe = dmd.generator(estimates(student, fake, real), NONE);
    assertEquals(value, probe.getFloat(), 1e-5 * value);
    assertFalse(Autograd.isRecorded(probe));
  }

  @Test
  void counts_and_ignores_what_is_not_finite() {
    NDArray student = noise("student");
    NDArray fake = noise("fake");
    float[] broken = fake.toFloatArray();
    broken[0] = Float.NaN;
    broken[40] = Float.POSITIVE_INFINITY;
    NDArray real = noise("real");
    try (Autograd.Mode recording = Autograd.recording()) {
      NDArray leaf = Autograd.leaf(student);
      NDArray loss = dmd.generator(estimates(leaf, manager.create(broken, SHAPE), real), NONE);
      Autograd.backward(loss);
      float[] gradient = Objects.requireNonNull(Autograd.gradient(leaf)).toFloatArray();
      assertEquals(0, gradient[0]);
      assertEquals(0, gradient[40]);
      assertFalse(Float.isNaN(loss.getFloat()));
      assertFalse(gradient[1] == 0);
    }
    assertEquals(Map.of("non_finite_gradients", 2L), dmd.counters());
  }

  @Test
  void ignores_a_sample_that_equals_the_real_estimate() {
    NDArray same = manager.ones(SHAPE);
    NDArray loss = dmd.generator(estimates(same, noise("fake"), same), NONE);
    assertEquals(0, loss.getFloat());
    assertEquals(Map.of("non_finite_gradients", SHAPE.size()), dmd.counters());
  }

  @Test
  void names_the_input_it_misses() {
    NDArray x = noise("student");
    ScoreEstimates estimates =
        new ScoreEstimates(x, new double[3], new double[3], null, null, x, x, null);
    Exception e = assertThrows(IllegalStateException.class, () -> dmd.generator(estimates, NONE));
    assertEquals(
        "this stage supplies no CLEAN_ESTIMATES, or the divergence did not list it in inputs()",
        e.getMessage());
  }

  private NDArray noise(String name) {
    return Noise.of(1, name).gaussian(manager, SHAPE);
  }

  private static ScoreEstimates estimates(NDArray student, NDArray fake, NDArray real) {
    return new ScoreEstimates(student, new double[3], new double[3], fake, real, null, null, null);
  }
}
