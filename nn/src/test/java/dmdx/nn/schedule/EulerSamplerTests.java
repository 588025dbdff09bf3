package dmdx.nn.schedule;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class EulerSamplerTests {

  @Test
  void sigmas_stay_finite_at_zero_terminal_snr() {
    SchedulerConfig config =
        SchedulerConfig.of(
            SchedulerConfigTests.json(
                """
                {"_class_name": "EulerDiscreteScheduler", "rescale_betas_zero_snr": true,
                 "timestep_spacing": "trailing", "prediction_type": "v_prediction"}
                """));
    double[] sigmas = new EulerSampler(config, 3).sigmas();
    assertTrue(sigmas[0] > 1000 && sigmas[0] < 1e4, "sigma " + sigmas[0]);
    assertEquals(0, sigmas[3]);
  }
}
