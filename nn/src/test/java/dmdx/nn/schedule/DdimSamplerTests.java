package dmdx.nn.schedule;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import dmdx.api.Diffusion;
import dmdx.api.DiscreteSchedule;
import dmdx.api.VelocityPrediction;
import dmdx.nn.weights.Noise;
import org.junit.jupiter.api.Test;

class DdimSamplerTests {

  @Test
  void pure_noise_has_finite_estimates_and_a_finite_step() {
    DiscreteSchedule schedule =
        VpSchedules.of(
            SchedulerConfig.of(
                SchedulerConfigTests.json(
                    """
                    {"_class_name": "CogVideoXDDIMScheduler", "rescale_betas_zero_snr": true,
                     "prediction_type": "v_prediction"}
                    """)));
    assertEquals(0, schedule.alpha(999));
    assertEquals(1, schedule.sigma(999));
    VelocityPrediction velocity = new VelocityPrediction();
    double[] last = {999, 999};
    double[] earlier = {749, 0};
    try (NDManager manager = NDManager.newBaseManager()) {
      NDArray x0 = Noise.of("clean").gaussian(manager, new Shape(2, 3));
      NDArray eps = Noise.of("noise").gaussian(manager, new Shape(2, 3));
      NDArray xt = Diffusion.diffuse(x0, eps, last, schedule);
      assertArrayEquals(eps.toFloatArray(), xt.toFloatArray());
      NDArray output = velocity.target(x0, eps, last, schedule);
      assertArrayEquals(
          x0.toFloatArray(), velocity.x0(xt, output, last, schedule).toFloatArray(), 1e-6f);
      assertArrayEquals(
          eps.toFloatArray(), velocity.eps(xt, output, last, schedule).toFloatArray(), 1e-6f);
      assertArrayEquals(
          Diffusion.diffuse(x0, eps, earlier, schedule).toFloatArray(),
          Diffusion.step(xt, output, last, earlier, velocity, schedule).toFloatArray(),
          1e-6f);
    }
  }

  @Test
  void a_run_leaves_nothing_behind_but_its_result() {
    SchedulerConfig config = SchedulerConfigTests.sdxl().withGrid(TimestepGrid.TRAILING);
    try (NDManager manager = NDManager.newBaseManager()) {
      NDArray noise = manager.ones(new Shape(2, 3));
      int before = manager.getManagedArrays().size();
      NDArray end = new DdimSampler(config, 5).sample((x, t) -> x.mul(0.5f), noise);
      assertEquals(before + 1, manager.getManagedArrays().size());
      assertTrue(manager.getManagedArrays().contains(end));
    }
  }

  @Test
  void a_single_trailing_step_goes_from_the_last_timestep_to_clean() {
    SchedulerConfig config = SchedulerConfigTests.sdxl().withGrid(TimestepGrid.TRAILING);
    assertArrayEquals(new int[] {999}, new DdimSampler(config, 1).timesteps());
  }

  @Test
  void refuses_to_predict_noise_at_pure_noise() {
    SchedulerConfig config =
        SchedulerConfig.of(
            SchedulerConfigTests.json(
                """
                {"rescale_betas_zero_snr": true, "timestep_spacing": "trailing"}
                """));
    IllegalArgumentException e =
        assertThrows(IllegalArgumentException.class, () -> new DdimSampler(config, 4));
    assertTrue(
        String.valueOf(e.getMessage()).contains("v_prediction"), String.valueOf(e.getMessage()));
  }
}
