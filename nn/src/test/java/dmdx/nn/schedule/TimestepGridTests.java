package dmdx.nn.schedule;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class TimestepGridTests {

  @ParameterizedTest
  @EnumSource
  void every_grid_has_as_many_falling_steps_as_asked_for(TimestepGrid grid) {
    for (int n = 1; n <= 1000; n++) {
      double[] steps = grid.timesteps(n, 1000, 0);
      assertEquals(n, steps.length);
      assertTrue(steps[0] <= 999 && steps[n - 1] >= 0, grid + " n = " + n);
      for (int i = 1; i < n; i++) {
        assertTrue(steps[i] < steps[i - 1], grid + " n = " + n + " step " + i);
      }
    }
  }

  @Test
  void trailing_steps_round_half_to_even() {
    int[] steps = TimestepGrid.TRAILING.rounded(16, 1000, 0);
    assertEquals(937, steps[1]);
    assertEquals(811, steps[3]);
  }

  @Test
  void halves_fall_to_the_side_the_reference_has_them_on() {
    assertEquals(499, TimestepGrid.LINSPACE.rounded(31, 1000, 0)[15]);
    assertEquals(936, TimestepGrid.TRAILING.rounded(48, 1000, 0)[3]);
  }

  @Test
  void a_reference_may_start_beyond_the_table() {
    assertEquals(1000, TimestepGrid.LEADING.spread(1000, 1000, 1)[0]);
  }

  @Test
  void four_trailing_steps_are_those_of_few_step_models() {
    assertArrayEquals(new int[] {999, 749, 499, 249}, TimestepGrid.TRAILING.rounded(4, 1000, 1));
  }

  @Test
  void students_start_at_the_noisiest_step_and_never_reach_0() {
    assertArrayEquals(new double[] {999}, TimestepGrid.ofStudent(1, 1000));
    assertArrayEquals(new double[] {999, 749, 499, 249}, TimestepGrid.ofStudent(4, 1000));
    assertEquals(1, TimestepGrid.ofStudent(500, 1000)[499]);
    assertThrows(IllegalArgumentException.class, () -> TimestepGrid.ofStudent(1000, 1000));
  }

  @Test
  void refuses_more_steps_than_timesteps() {
    assertThrows(
        IllegalArgumentException.class, () -> TimestepGrid.TRAILING.timesteps(1001, 1000, 0));
    assertThrows(
        IllegalArgumentException.class, () -> TimestepGrid.LEADING.timesteps(1000, 1000, 1));
    assertThrows(IllegalArgumentException.class, () -> TimestepGrid.LINSPACE.timesteps(0, 1000, 0));
  }
}
