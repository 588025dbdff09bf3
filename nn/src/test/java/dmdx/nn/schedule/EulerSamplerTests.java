package dmdx.nn.schedule;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import com.fasterxml.jackson.databind.JsonNode;
import dmdx.api.Diffusion;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class EulerSamplerTests {

  static List<SchedulerCase> cases() {
    return SchedulerCase.find("euler-discrete");
  }

  @ParameterizedTest
  @MethodSource("cases")
  void grids_equal_the_recorded_ones(SchedulerCase recorded) {
    SchedulerConfig config = SchedulerConfig.of(recorded.config());
    for (Map.Entry<String, JsonNode> entry : recorded.json().get("schedules").properties()) {
      String what = recorded + " n = " + entry.getKey();
      JsonNode grid = entry.getValue();
      EulerSampler sampler = new EulerSampler(config, Integer.parseInt(entry.getKey()));
      SchedulerCase.assertNear(what, grid.get("timesteps"), sampler.timesteps(), 0, 1e-4);
      SchedulerCase.assertNear(what, grid.get("sigmas"), sampler.sigmas(), 3e-5, 0);
      double start = grid.get("init_noise_sigma").asDouble();
      assertEquals(start, sampler.initialSigma(), 3e-5 * start, what);
    }
  }

  @ParameterizedTest
  @MethodSource("cases")
  void training_sigmas_equal_the_recorded_ones(SchedulerCase recorded) {
    EulerSampler sampler = new EulerSampler(SchedulerConfig.of(recorded.config()), 8);
    JsonNode table = recorded.json().get("train_sigmas");
    for (int i = 0; i < table.get("indices").size(); i++) {
      int index = table.get("indices").get(i).asInt(); // counts from the noisiest, 0 is appended
      double expected = table.get("values").get(i).asDouble();
      double actual = index == 1000 ? 0 : sampler.sigma(999 - index);
      assertEquals(expected, actual, 3e-5 * expected);
    }
    double start = recorded.json().get("init_noise_sigma_before_set_timesteps").asDouble();
    assertEquals(start, sampler.initialTrainSigma(), 3e-5 * start);
  }

  @ParameterizedTest
  @MethodSource("cases")
  void steps_and_runs_equal_the_recorded_ones(SchedulerCase recorded) {
    SchedulerConfig config = SchedulerConfig.of(recorded.config());
    try (NDManager manager = NDManager.newBaseManager()) {
      for (JsonNode run : recorded.json().get("runs")) {
        int n = run.get("num_inference_steps").asInt();
        EulerSampler sampler = new EulerSampler(config, n);
        NDArray noise = SchedulerCase.tensor(manager, run.get("initial_noise"));
        NDArray x = noise.mul((float) sampler.initialSigma());
        SchedulerCase.assertNear("start", run.get("initial_sample"), x, 2e-5);
        for (int i = 0; i < n; i++) {
          JsonNode step = run.get("steps").get(i);
          String what = recorded + " step " + i + " of " + n;
          SchedulerCase.assertNear(what, step.get("model_input"), sampler.input(x, i), 2e-5);
          NDArray output = SchedulerCase.tensor(manager, step.get("model_output"));
          EulerSampler.Step actual = sampler.step(x, output, i);
          SchedulerCase.assertNear(what, step.get("prev_sample"), actual.previous(), 2e-5);
          SchedulerCase.assertNear(what, step.get("pred_original_sample"), actual.clean(), 2e-5);
          x = actual.previous();
        }
        NDArray end =
            sampler.sample((z, t) -> z.mul(0.3f).add((float) (0.1 * Math.sin(t / 100))), noise);
        JsonNode last = run.get("steps").get(n - 1);
        SchedulerCase.assertNear(recorded + " end", last.get("prev_sample"), end, 5e-5);
        SchedulerCase.assertNear("noise is unchanged", run.get("initial_noise"), noise, 0);
      }
    }
  }

  @ParameterizedTest
  @MethodSource("cases")
  void noised_samples_equal_the_recorded_ones(SchedulerCase recorded) {
    EulerSampler sampler = new EulerSampler(SchedulerConfig.of(recorded.config()), 8);
    try (NDManager manager = NDManager.newBaseManager()) {
      for (String kind : List.of("add_noise", "add_noise_after_set_timesteps_8")) {
        JsonNode example = recorded.json().get(kind);
        double[] t = SchedulerCase.numbers(example.get("timesteps"));
        NDArray x = SchedulerCase.tensor(manager, example.get("sample"), t.length, 3);
        NDArray eps = SchedulerCase.tensor(manager, example.get("noise"), t.length, 3);
        NDArray actual = x.add(eps.mul(Diffusion.rows(eps, t, sampler::sigma)));
        SchedulerCase.assertNear(kind, example.get("result"), actual, 1e-5);
      }
    }
  }

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
