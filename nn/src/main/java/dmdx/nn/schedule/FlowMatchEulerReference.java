package dmdx.nn.schedule;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import com.fasterxml.jackson.databind.JsonNode;
import dmdx.api.Diffusion;
import dmdx.api.FlowSchedule;
import dmdx.nn.parity.ParityReport;
import dmdx.nn.parity.ReferenceCheck;
import dmdx.nn.weights.ModelConfig;
import java.util.List;
import java.util.Map;

/** Compares {@link FlowMatchEulerSampler} with recorded schedulers. */
public final class FlowMatchEulerReference implements ReferenceCheck {

  /** For the service loader. */
  public FlowMatchEulerReference() {}

  @Override
  public boolean accepts(ModelConfig index) {
    return SchedulerCase.isOf(index, "FlowMatchEulerDiscreteScheduler");
  }

  @Override
  public ParityReport check(ModelConfig index, NDManager manager) {
    try (SchedulerCase golden = new SchedulerCase(index, manager)) {
      FlowMatchConfig config = FlowMatchConfig.of(golden.config());
      int steps = config.trainTimesteps();
      golden.trainSigmas(i -> config.shifted((steps - i) / (double) steps));
      for (Map.Entry<String, JsonNode> grid : golden.grids()) {
        FlowMatchEulerSampler sampler =
            new FlowMatchEulerSampler(config, Integer.parseInt(grid.getKey()));
        golden.timesteps(grid, sampler.timesteps(), SchedulerCase.TIMESTEP);
        golden.sigmas(grid, "sigmas", sampler.sigmas());
      }
      golden.at("runs").forEach(run -> compare(golden, config, run));
      FlowSchedule schedule = new FlowSchedule(steps);
      for (String key : List.of("scale_noise", "scale_noise_after_set_timesteps_8")) {
        golden.noised(key, (x, eps, t) -> Diffusion.diffuse(x, eps, t, schedule));
      }
      return golden.report();
    }
  }

  private static void compare(SchedulerCase golden, FlowMatchConfig config, JsonNode run) {
    int n = run.get("num_inference_steps").asInt();
    FlowMatchEulerSampler sampler = new FlowMatchEulerSampler(config, n);
    NDArray x = golden.tensor(run.get("initial_noise"));
    for (int i = 0; i < n; i++) {
      JsonNode step = run.get("steps").get(i);
      x = sampler.step(x, golden.tensor(step.get("model_output")), i);
      golden.latents(
          "step", "%d.%d".formatted(n, i), step.get("prev_sample"), x, SchedulerCase.STEP);
    }
    golden.end(n, run, sampler);
  }
}
