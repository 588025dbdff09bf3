package dmdx.api;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class ParameterizationTests {
  private static final double[] TIMES = {1, 250, 613};
  private NDManager manager;
  private NDArray x0;
  private NDArray eps;

  @BeforeEach
  void draw() {
    manager = NDManager.newBaseManager();
    Random random = new Random(5);
    x0 = gaussian(random);
    eps = gaussian(random);
  }

  private NDArray gaussian(Random random) {
    float[] values = new float[TIMES.length * 2 * 3 * 3];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) random.nextGaussian();
    }
    return manager.create(values, new Shape(TIMES.length, 2, 3, 3));
  }

  @AfterEach
  void free() {
    manager.close();
  }

  static NoiseSchedule linear() {
    double[] cumulative = new double[1000];
    double product = 1;
    for (int i = 0; i < cumulative.length; i++) {
      product *= 1 - (1e-4 + i * (0.02 - 1e-4) / 999);
      cumulative[i] = product;
    }
    return new DiscreteSchedule(cumulative);
  }

  static Stream<Arguments> families() {
    return Stream.of(
        Arguments.of(new NoisePrediction(), linear()),
        Arguments.of(new VelocityPrediction(), linear()),
        Arguments.of(new FlowPrediction(), new FlowSchedule(1000)));
  }

  @ParameterizedTest
  @MethodSource("families")
  void the_true_target_gives_back_x0_and_eps(Parameterization p, NoiseSchedule schedule) {
    NDArray xt = Diffusion.diffuse(x0, eps, TIMES, schedule);
    NDArray output = p.target(x0, eps, TIMES, schedule);
    assertNear(x0, p.x0(xt, output, TIMES, schedule), 2e-5);
    assertNear(eps, p.eps(xt, output, TIMES, schedule), 2e-5);
  }

  @ParameterizedTest
  @MethodSource("families")
  void any_output_is_consistent_with_the_noisy_latent(Parameterization p, NoiseSchedule schedule) {
    NDArray xt = Diffusion.diffuse(x0, eps, TIMES, schedule);
    NDArray output = eps.mul(0.3f).sub(x0.mul(0.7f));
    NDArray clean = p.x0(xt, output, TIMES, schedule);
    NDArray noise = p.eps(xt, output, TIMES, schedule);
    assertNear(xt, Diffusion.diffuse(clean, noise, TIMES, schedule), 1e-4);
  }

  @Test
  void noise_and_velocity_describe_the_same_estimate() {
    NoiseSchedule schedule = linear();
    Parameterization noise = new NoisePrediction();
    Parameterization velocity = new VelocityPrediction();
    NDArray xt = Diffusion.diffuse(x0, eps, TIMES, schedule);
    NDArray guess = eps.add(x0.mul(0.1f));
    NDArray clean = noise.x0(xt, guess, TIMES, schedule);
    NDArray v = velocity.target(clean, guess, TIMES, schedule);
    assertNear(clean, velocity.x0(xt, v, TIMES, schedule), 1e-4);
    assertNear(guess, velocity.eps(xt, v, TIMES, schedule), 1e-4);
  }

  @ParameterizedTest
  @MethodSource("families")
  void a_step_with_the_true_output_stays_on_the_path(Parameterization p, NoiseSchedule schedule) {
    double[] earlier = {0, 100, 300};
    NDArray xt = Diffusion.diffuse(x0, eps, TIMES, schedule);
    NDArray output = p.target(x0, eps, TIMES, schedule);
    NDArray stepped = Diffusion.step(xt, output, TIMES, earlier, p, schedule);
    assertNear(Diffusion.diffuse(x0, eps, earlier, schedule), stepped, 2e-5);
  }

  @Test
  void a_flow_step_is_an_euler_step() {
    NoiseSchedule schedule = new FlowSchedule(1000);
    double[] s = {0, 200, 600};
    NDArray velocity = eps.sub(x0);
    NDArray xt = Diffusion.diffuse(x0, eps, TIMES, schedule);
    NDArray stepped = Diffusion.step(xt, velocity, TIMES, s, new FlowPrediction(), schedule);
    NDArray dt = manager.create(new float[] {-0.001f, -0.05f, -0.013f}, new Shape(3, 1, 1, 1));
    assertNear(xt.add(velocity.mul(dt)), stepped, 1e-5);
  }

  @Test
  void guidance_of_scale_one_is_the_conditional_output() {
    NDArray guided = Diffusion.guide(x0, eps, new double[] {1, 1, 1});
    assertNear(eps, guided, 1e-6);
    NDArray mixed = Diffusion.guide(x0, eps, new double[] {0, 1, 2});
    assertNear(x0.get(0), mixed.get(0), 1e-6);
    assertNear(eps.get(2).mul(2f).sub(x0.get(2)), mixed.get(2), 1e-5);
  }

  @Test
  void rejects_times_off_the_grid_and_a_wrong_number_of_times() {
    NoiseSchedule schedule = linear();
    assertThrows(IllegalArgumentException.class, () -> schedule.alpha(1.5));
    assertThrows(IllegalArgumentException.class, () -> schedule.alpha(1000));
    assertThrows(IllegalArgumentException.class, () -> new FlowSchedule(1000).sigma(-1));
    IllegalArgumentException error =
        assertThrows(
            IllegalArgumentException.class,
            () -> Diffusion.diffuse(x0, eps, new double[] {1, 2}, schedule));
    assertTrue(error.getMessage().contains("one time per row"), error.getMessage());
  }

  @Test
  void times_are_drawn_evenly_from_the_grid() {
    NoiseSchedule schedule = linear();
    int[] counts = new int[1000];
    for (int i = 0; i < 984_000; i++) {
      counts[(int) schedule.draw(16, (i + 0.5) / 984_000)]++;
    }
    for (int t = 0; t < 1000; t++) {
      assertEquals(t < 16 ? 0 : 1000, counts[t], "time " + t);
    }
    assertEquals(750, new FlowSchedule(1000).draw(0, 0.25));
  }

  @Test
  void times_with_noise_lie_above_0_and_reach_the_horizon() {
    NoiseSchedule unit = new FlowSchedule(1);
    assertEquals(1, unit.draw(unit.lowest(), 0));
    assertEquals(0.25, unit.draw(unit.lowest(), 0.75));
    assertTrue(unit.draw(unit.lowest(), Math.nextDown(1.0)) > 0);
    NoiseSchedule discrete = linear();
    assertEquals(1, discrete.draw(discrete.lowest(), 0));
    assertEquals(999, discrete.draw(discrete.lowest(), Math.nextDown(1.0)));
  }

  @Test
  void snapping_reaches_the_grid_and_stays_inside() {
    NoiseSchedule schedule = linear();
    assertEquals(16, schedule.snap(15.625));
    assertEquals(0, schedule.snap(-3));
    assertEquals(999, schedule.snap(1000));
    assertEquals(1000, schedule.timeScale());
  }

  private static void assertNear(NDArray expected, NDArray actual, double tolerance) {
    assertEquals(expected.getShape(), actual.getShape());
    float error = expected.sub(actual).abs().max().getFloat();
    assertTrue(error <= tolerance, "largest difference " + error);
  }
}
