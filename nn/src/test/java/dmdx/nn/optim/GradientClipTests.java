package dmdx.nn.optim;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import dmdx.nn.weights.Storage;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class GradientClipTests {
  private static final long PIECE = Chunks.size(Device.cpu());
  private final NDManager manager = NDManager.newBaseManager();

  @AfterEach
  void close() {
    manager.close();
  }

  private static double norm(NDArray g) {
    return GradientClip.norm(g, Storage.inMemory());
  }

  @Test
  void a_long_gradient_is_scaled_down() {
    NDArray g = manager.create(new float[] {3, 4});
    assertEquals(5, norm(g), 1e-6);
    assertEquals(0.2, GradientClip.factor(5, 1), 1e-12);
  }

  @Test
  void a_short_gradient_is_left_alone() {
    assertEquals(1, GradientClip.factor(5, 5.1));
    assertEquals(1, GradientClip.factor(5, 5));
    assertEquals(1, GradientClip.factor(5, Double.POSITIVE_INFINITY));
  }

  @Test
  void sums_over_all_pieces() {
    NDArray g = manager.ones(new Shape(3 * PIECE + 7));
    assertEquals(Math.sqrt(3.0 * PIECE + 7), norm(g), 1e-3);
  }

  @ParameterizedTest
  @ValueSource(floats = {Float.NaN, Float.POSITIVE_INFINITY})
  void reports_a_broken_gradient_and_leaves_it(float broken) {
    NDArray g = manager.create(new float[] {3, broken});
    assertEquals(broken, (float) norm(g));
    assertEquals(1, GradientClip.factor(broken, 1));
  }

  @ParameterizedTest
  @ValueSource(doubles = {0, -1, Double.NaN})
  void refuses_a_norm_that_is_not_positive(double limit) {
    assertThrows(IllegalArgumentException.class, () -> GradientClip.factor(1, limit));
  }
}
