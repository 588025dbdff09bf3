package dmdx.nn.schedule;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import com.fasterxml.jackson.databind.JsonNode;
import dmdx.api.CheckpointException;
import dmdx.api.Diffusion;
import dmdx.api.FlowSchedule;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class FlowMatchEulerSamplerTests {

  static List<SchedulerCase> cases() {
    return SchedulerCase.find("flow-match-euler");
  }

  @ParameterizedTest
  @MethodSource("cases")
  void grids_equal_the_recorded_ones(SchedulerCase recorded) {
    FlowMatchConfig config = FlowMatchConfig.of(recorded.config());
    for (Map.Entry<String, JsonNode> entry : recorded.json().get("schedules").properties()) {
      String what = recorded + " n = " + entry.getKey();
      FlowMatchEulerSampler sampler =
          new FlowMatchEulerSampler(config, Integer.parseInt(entry.getKey()));
      JsonNode grid = entry.getValue();
      SchedulerCase.assertNear(what, grid.get("timesteps"), sampler.timesteps(), 0, 1e-4);
      SchedulerCase.assertNear(what, grid.get("sigmas"), sampler.sigmas(), 3e-5, 0);
    }
  }

  @ParameterizedTest
  @MethodSource("cases")
  void training_sigmas_equal_the_recorded_ones(SchedulerCase recorded) {
    FlowMatchConfig config = FlowMatchConfig.of(recorded.config());
    JsonNode table = recorded.json().get("train_sigmas");
    for (int i = 0; i < table.get("indices").size(); i++) {
      double expected = table.get("values").get(i).asDouble();
      double actual = config.shifted((1000 - table.get("indices").get(i).asInt()) / 1000.0);
      assertEquals(expected, actual, 3e-5 * expected);
    }
  }

  @ParameterizedTest
  @MethodSource("cases")
  void steps_and_runs_equal_the_recorded_ones(SchedulerCase recorded) {
    FlowMatchConfig config = FlowMatchConfig.of(recorded.config());
    try (NDManager manager = NDManager.newBaseManager()) {
      for (JsonNode run : recorded.json().get("runs")) {
        int n = run.get("num_inference_steps").asInt();
        FlowMatchEulerSampler sampler = new FlowMatchEulerSampler(config, n);
        NDArray noise = SchedulerCase.tensor(manager, run.get("initial_noise"));
        NDArray x = noise;
        for (int i = 0; i < n; i++) {
          JsonNode step = run.get("steps").get(i);
          NDArray output = SchedulerCase.tensor(manager, step.get("model_output"));
          x = sampler.step(x, output, i);
          String what = recorded + " step " + i + " of " + n;
          SchedulerCase.assertNear(what, step.get("prev_sample"), x, 2e-5);
        }
        NDArray end =
            sampler.sample((z, t) -> z.mul(0.3f).add((float) (0.1 * Math.sin(t / 100))), noise);
        JsonNode last = run.get("steps").get(n - 1);
        SchedulerCase.assertNear(recorded + " end", last.get("prev_sample"), end, 5e-5);
      }
    }
  }

  @ParameterizedTest
  @MethodSource("cases")
  void noised_samples_equal_the_recorded_ones(SchedulerCase recorded) {
    try (NDManager manager = NDManager.newBaseManager()) {
      for (String kind : List.of("scale_noise", "scale_noise_after_set_timesteps_8")) {
        JsonNode example = recorded.json().get(kind);
        double[] t = SchedulerCase.numbers(example.get("timesteps"));
        NDArray x = SchedulerCase.tensor(manager, example.get("sample"), t.length, 3);
        NDArray eps = SchedulerCase.tensor(manager, example.get("noise"), t.length, 3);
        NDArray actual = Diffusion.diffuse(x, eps, t, new FlowSchedule(1000));
        SchedulerCase.assertNear(kind, example.get("result"), actual, 1e-5);
      }
    }
  }

  @Test
  void refuses_dynamic_shifting() {
    CheckpointException e =
        assertThrows(
            CheckpointException.class,
            () ->
                FlowMatchConfig.of(SchedulerConfigTests.json("{\"use_dynamic_shifting\": true}")));
    assertTrue(
        String.valueOf(e.getMessage()).contains("use_dynamic_shifting"),
        String.valueOf(e.getMessage()));
  }
}
