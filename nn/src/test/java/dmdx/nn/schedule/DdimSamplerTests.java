package dmdx.nn.schedule;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import com.fasterxml.jackson.databind.JsonNode;
import dmdx.api.Diffusion;
import dmdx.api.DiscreteSchedule;
import dmdx.api.VelocityPrediction;
import dmdx.nn.weights.Noise;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class DdimSamplerTests {

  static List<SchedulerCase> cases() {
    List<SchedulerCase> cases = new ArrayList<>(SchedulerCase.find("ddim"));
    cases.addAll(SchedulerCase.find("cogvideox-ddim"));
    return cases;
  }

  /** Those whose tables and grids are of this kind; steps may not be. */
  static List<SchedulerCase> tables() {
    List<SchedulerCase> tables = new ArrayList<>(cases());
    tables.addAll(SchedulerCase.find("cogvideox-dpm"));
    return tables;
  }

  @ParameterizedTest
  @MethodSource("tables")
  void tables_equal_the_recorded_ones(SchedulerCase recorded) {
    SchedulerConfig config = SchedulerConfig.of(recorded.config());
    DiscreteSchedule schedule = VpSchedules.of(config);
    JsonNode table = recorded.json().get("alphas_cumprod");
    for (int i = 0; i < table.get("indices").size(); i++) {
      double expected = table.get("values").get(i).asDouble();
      double actual = schedule.cumulativeAlpha(table.get("indices").get(i).asInt());
      assertEquals(expected, actual, expected > 1e-3 ? 5e-6 * expected : 1e-8);
    }
    assertEquals(
        recorded.json().get("final_alpha_cumprod").asDouble(),
        new DdimSampler(config, 4).finalCumulativeAlpha(),
        1e-6);
  }

  @ParameterizedTest
  @MethodSource("tables")
  void grids_equal_the_recorded_ones(SchedulerCase recorded) {
    SchedulerConfig config = SchedulerConfig.of(recorded.config());
    for (Map.Entry<String, JsonNode> grid : recorded.json().get("schedules").properties()) {
      int n = Integer.parseInt(grid.getKey());
      int[] actual = new DdimSampler(config, n).timesteps();
      double[] expected = SchedulerCase.numbers(grid.getValue().get("timesteps"));
      assertArrayEquals(
          expected, java.util.Arrays.stream(actual).asDoubleStream().toArray(), 0, "n = " + n);
    }
  }

  @ParameterizedTest
  @MethodSource("cases")
  void steps_equal_the_recorded_ones(SchedulerCase recorded) {
    SchedulerConfig config = SchedulerConfig.of(recorded.config());
    try (NDManager manager = NDManager.newBaseManager()) {
      for (JsonNode run : recorded.json().get("runs")) {
        DdimSampler sampler = new DdimSampler(config, run.get("num_inference_steps").asInt());
        double eta = run.path("eta").asDouble(0);
        NDArray x = SchedulerCase.tensor(manager, run.get("initial_sample"));
        for (JsonNode step : run.get("steps")) {
          NDArray noise =
              eta > 0 ? SchedulerCase.tensor(manager, step.get("variance_noise")) : null;
          DdimSampler.Step actual =
              sampler.step(
                  x,
                  SchedulerCase.tensor(manager, step.get("model_output")),
                  step.get("t").asInt(),
                  eta,
                  noise);
          String what = recorded + " t = " + step.get("t");
          SchedulerCase.assertNear(what, step.get("prev_sample"), actual.previous(), 2e-5);
          SchedulerCase.assertNear(what, step.get("pred_original_sample"), actual.clean(), 2e-5);
          x = actual.previous();
        }
      }
    }
  }

  @ParameterizedTest
  @MethodSource("cases")
  void whole_runs_without_fresh_noise_end_where_the_recorded_ones_do(SchedulerCase recorded) {
    SchedulerConfig config = SchedulerConfig.of(recorded.config());
    try (NDManager manager = NDManager.newBaseManager()) {
      for (JsonNode run : recorded.json().get("runs")) {
        if (run.path("eta").asDouble(0) > 0) {
          continue;
        }
        NDArray noise = SchedulerCase.tensor(manager, run.get("initial_noise"));
        int n = run.get("num_inference_steps").asInt();
        NDArray end =
            new DdimSampler(config, n)
                .sample((x, t) -> x.mul(0.3f).add((float) (0.1 * Math.sin(t / 100))), noise);
        JsonNode last = run.get("steps").get(n - 1);
        SchedulerCase.assertNear(recorded + " end", last.get("prev_sample"), end, 5e-5);
        SchedulerCase.assertNear("noise is unchanged", run.get("initial_noise"), noise, 0);
      }
    }
  }

  @ParameterizedTest
  @MethodSource("tables")
  void noised_samples_and_velocities_equal_the_recorded_ones(SchedulerCase recorded) {
    DiscreteSchedule schedule = VpSchedules.of(SchedulerConfig.of(recorded.config()));
    try (NDManager manager = NDManager.newBaseManager()) {
      for (String kind : List.of("add_noise", "get_velocity")) {
        JsonNode example = recorded.json().get(kind);
        double[] t = SchedulerCase.numbers(example.get("timesteps"));
        NDArray x = SchedulerCase.tensor(manager, example.get("sample"), t.length, 3);
        NDArray eps = SchedulerCase.tensor(manager, example.get("noise"), t.length, 3);
        NDArray actual =
            kind.equals("add_noise")
                ? Diffusion.diffuse(x, eps, t, schedule)
                : new VelocityPrediction().target(x, eps, t, schedule);
        SchedulerCase.assertNear(kind, example.get("result"), actual, 1e-5);
      }
    }
  }

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
