package dmdx.nn.schedule;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import dmdx.nn.weights.Noise;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CogVideoXDpmSamplerTests {
  private static final SchedulerConfig ZERO_SNR =
      SchedulerConfig.of(
          SchedulerConfigTests.json(
              """
              {"_class_name": "CogVideoXDPMScheduler", "rescale_betas_zero_snr": true,
               "prediction_type": "v_prediction", "timestep_spacing": "trailing"}
              """));

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 50})
  void a_run_from_pure_noise_to_clean_ends_at_what_the_network_knows(int n) {
    try (NDManager manager = NDManager.newBaseManager()) {
      NDArray noise = Noise.of("start").gaussian(manager, new Shape(2, 3, 2));
      NDArray clean = Noise.of("clean").gaussian(manager, new Shape(2, 3, 2));
      double[] abar = VpSchedules.cumulativeAlphas(ZERO_SNR);
      NDArray end =
          new CogVideoXDpmSampler(ZERO_SNR, n, 1)
              .sample(
                  (x, t) -> {
                    double a = abar[(int) t];
                    double sigma = Math.sqrt(1 - a);
                    return Prediction.sum(Math.sqrt(a) / sigma, x, -1 / sigma, clean);
                  },
                  noise);
      assertArrayEquals(clean.toFloatArray(), end.toFloatArray(), 1e-5f);
    }
  }

  @Test
  void equal_starts_end_equally_whatever_else_is_in_the_batch() {
    CogVideoXDpmSampler sampler = new CogVideoXDpmSampler(ZERO_SNR, 4, 7);
    try (NDManager manager = NDManager.newBaseManager()) {
      NDArray both = Noise.of("start").gaussian(manager, new Shape(2, 5));
      NDArray end = sampler.sample((x, t) -> x.mul(0.3f), both);
      NDArray second = sampler.sample((x, t) -> x.mul(0.3f), both.get("1:2"));
      assertArrayEquals(end.get("1:2").toFloatArray(), second.toFloatArray(), 1e-6f);

      NDArray other =
          new CogVideoXDpmSampler(ZERO_SNR, 4, 8).sample((x, t) -> x.mul(0.3f), both.get("1:2"));
      assertNotEquals(second.getFloat(0, 0), other.getFloat(0, 0));
    }
  }

  @Test
  void the_fresh_noise_has_the_spread_the_schedule_asks_for() {
    try (NDManager manager = NDManager.newBaseManager()) {
      NDArray noise = Noise.of("start").gaussian(manager, new Shape(4, 5000));
      CogVideoXDpmSampler sampler = new CogVideoXDpmSampler(ZERO_SNR, 2, 1);
      double[] seen = new double[2];
      sampler.sample(
          (x, t) -> {
            seen[t == 999 ? 0 : 1] = x.square().mean().getFloat();
            return x.zerosLike(); // from pure noise this is the estimate 0
          },
          noise);
      assertEquals(1, seen[0], 0.05);
      assertEquals(1 - VpSchedules.cumulativeAlphas(ZERO_SNR)[499], seen[1], 0.05);
    }
  }

  @Test
  void a_run_leaves_nothing_behind_but_its_result() {
    try (NDManager manager = NDManager.newBaseManager()) {
      NDArray noise = manager.ones(new Shape(2, 3));
      int before = manager.getManagedArrays().size();
      NDArray end = new CogVideoXDpmSampler(ZERO_SNR, 5, 1).sample((x, t) -> x.mul(0.5f), noise);
      assertEquals(before + 1, manager.getManagedArrays().size());
      assertTrue(manager.getManagedArrays().contains(end));
    }
  }
}
