package dmdx.nn.schedule;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class EulerSamplerTests {

  /**
   * @param more further settings
   */
  private static SchedulerConfig zeroTerminalSnr(String more) {
    return SchedulerConfig.of(
        SchedulerConfigTests.json(
            """
            {"_class_name": "EulerDiscreteScheduler", "rescale_betas_zero_snr": true,
             "timestep_spacing": "trailing", "prediction_type": "v_prediction" %s}
            """
                .formatted(more)));
  }

  @Test
  void sigmas_stay_finite_at_zero_terminal_snr() {
    double[] sigmas = new EulerSampler(zeroTerminalSnr(""), 3).sigmas();
    assertTrue(sigmas[0] > 1000 && sigmas[0] < 1e4, "sigma " + sigmas[0]);
    assertEquals(0, sigmas[3]);
  }

  @Test
  void only_the_last_level_stands_for_pure_noise() {
    SchedulerConfig config =
        zeroTerminalSnr(
            ", \"beta_schedule\": \"linear\", \"beta_start\": 1e-4, \"beta_end\": 0.02");
    EulerSampler sampler = new EulerSampler(config, 1000);
    double[] sigmas = sampler.sigmas();
    assertEquals(4096, sigmas[0], 0.01);
    assertTrue(sigmas[1] > 15_000, "sigma " + sigmas[1]);
    assertEquals(sigmas[1], sampler.initialSigma());
    assertEquals(sigmas[1], sampler.initialTrainSigma());
    assertEquals(0x1p-24, EulerSampler.cumulativeAlphas(config)[999]);
    assertTrue(EulerSampler.cumulativeAlphas(config)[998] < 1e-8);
  }

  @Test
  void a_step_beyond_the_table_has_its_last_level() {
    SchedulerConfig config = SchedulerConfigTests.sdxl();
    EulerSampler sampler = new EulerSampler(config, new double[] {1000, 999});
    assertEquals(sampler.sigmas()[1], sampler.sigmas()[0]);
  }
}
