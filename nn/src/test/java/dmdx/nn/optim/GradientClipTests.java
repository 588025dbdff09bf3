package dmdx.nn.optim;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
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

  @Test
  void scales_a_long_gradient_down() {
    NDArray g = manager.create(new float[] {3, 4});
    assertEquals(5, GradientClip.byNorm(g, 1), 1e-6);
    assertArrayEquals(new float[] {0.6f, 0.8f}, g.toFloatArray(), 1e-6f);
  }

  @Test
  void leaves_a_short_gradient_alone() {
    NDArray g = manager.create(new float[] {3, 4});
    assertEquals(5, GradientClip.byNorm(g, 5.1), 1e-6);
    assertArrayEquals(new float[] {3, 4}, g.toFloatArray());
  }

  @Test
  void sums_over_all_pieces() {
    NDArray g = manager.ones(new Shape(3 * PIECE + 7));
    assertEquals(Math.sqrt(3.0 * PIECE + 7), GradientClip.byNorm(g, 1e9), 1e-3);
  }

  @ParameterizedTest
  @ValueSource(floats = {Float.NaN, Float.POSITIVE_INFINITY})
  void reports_a_broken_gradient_and_leaves_it(float broken) {
    NDArray g = manager.create(new float[] {3, broken});
    assertEquals(broken, (float) GradientClip.byNorm(g, 1));
    assertArrayEquals(new float[] {3, broken}, g.toFloatArray());
  }

  @ParameterizedTest
  @ValueSource(doubles = {0, -1, Double.NaN})
  void refuses_a_norm_that_is_not_positive(double norm) {
    NDArray g = manager.ones(new Shape(2));
    assertThrows(IllegalArgumentException.class, () -> GradientClip.byNorm(g, norm));
  }
}
