package dmdx.discriminator.dinov2;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import dmdx.nn.torch.Autograd;
import dmdx.nn.weights.Noise;
import java.util.Arrays;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

@SuppressWarnings("try") // resources that act by being open
class PositionRuleTests {

  @Test
  void the_size_rule_scales_by_the_sizes() {
    // source 0.5: taps -1, 0, 1, 2 weigh -3/32, 19/32, 19/32, -3/32; -1 is clamped to 0
    double[][] weights = PositionRule.SIZE.weights(4, 2);
    assertArrayEquals(new double[] {0.5, 0.59375, -0.09375, 0}, weights[0], 1e-12);
    assertArrayEquals(new double[] {0, -0.09375, 0.59375, 0.5}, weights[1], 1e-12);
  }

  @Test
  void the_offset_rule_scales_by_a_tenth_of_a_patch_more() {
    // sources 0.5 * 4 / 2.1 - 0.5 = 0.45238 and 1.5 * 4 / 2.1 - 0.5 = 2.35714
    double[][] weights = PositionRule.OFFSET.weights(4, 2);
    assertArrayEquals(
        new double[] {0.5535174387, 0.5305346345, -0.0840520732, 0}, weights[0], 1e-9);
    assertArrayEquals(
        new double[] {0, -0.1106960641, 0.7699526239, 0.3407434402}, weights[1], 1e-9);
  }

  @ParameterizedTest
  @EnumSource
  void a_constant_stays_what_it_is(PositionRule rule) {
    for (int out : new int[] {1, 3, 7, 19}) {
      for (double[] row : rule.weights(7, out)) {
        assertEquals(1, Arrays.stream(row).sum(), 1e-12);
      }
    }
  }

  @Test
  void only_the_size_rule_keeps_a_grid_of_the_same_size() {
    try (NDManager manager = NDManager.newBaseManager()) {
      NDArray grid = Noise.of(1).gaussian(manager, new Shape(5, 5, 2));
      assertArrayEquals(grid.toFloatArray(), PositionRule.SIZE.resample(grid, 5, 5).toFloatArray());
      NDArray moved = PositionRule.OFFSET.resample(grid, 5, 5);
      assertTrue(moved.sub(grid).abs().max().getFloat() > 1e-2);
    }
  }

  @ParameterizedTest
  @EnumSource
  void rows_and_columns_are_told_apart_and_gradients_flow(PositionRule rule) {
    try (NDManager manager = NDManager.newBaseManager();
        Autograd.Mode recording = Autograd.recording()) {
      NDArray grid = Autograd.leaf(Noise.of(2).gaussian(manager, new Shape(4, 4, 3)));
      NDArray resampled = rule.resample(grid, 2, 6);
      assertEquals(new Shape(2, 6, 3), resampled.getShape());
      double[][] rows = rule.weights(4, 2);
      double[][] columns = rule.weights(4, 6);
      double expected = 0;
      for (int y = 0; y < 4; y++) {
        for (int x = 0; x < 4; x++) {
          expected += rows[1][y] * columns[4][x] * grid.getFloat(y, x, 2);
        }
      }
      assertEquals(expected, resampled.getFloat(1, 4, 2), 1e-5);

      Autograd.backward(resampled.sum());
      NDArray gradient = Objects.requireNonNull(Autograd.gradient(grid));
      double ofRow = rows[0][1] + rows[1][1];
      double ofColumn = Arrays.stream(columns).mapToDouble(column -> column[3]).sum();
      assertEquals(ofRow * ofColumn, gradient.getFloat(1, 3, 0), 1e-5);
    }
  }
}
