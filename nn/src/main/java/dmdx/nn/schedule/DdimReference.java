package dmdx.nn.schedule;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import com.fasterxml.jackson.databind.JsonNode;
import dmdx.api.Diffusion;
import dmdx.api.DiscreteSchedule;
import dmdx.api.VelocityPrediction;
import dmdx.nn.parity.ParityReport;
import dmdx.nn.parity.ReferenceCheck;
import dmdx.nn.weights.ModelConfig;
import java.util.Arrays;
import java.util.Map;

/** Compares {@link DdimSampler} with recorded schedulers. */
public final class DdimReference implements ReferenceCheck {

  /** For the service loader. */
  public DdimReference() {}

  @Override
  public boolean accepts(ModelConfig index) {
    return SchedulerCase.isOf(index, "DDIMScheduler");
  }

  @Override
  public ParityReport check(ModelConfig index, NDManager manager) {
    try (SchedulerCase golden = new SchedulerCase(index, manager)) {
      SchedulerConfig config = SchedulerConfig.of(golden.config());
      DiscreteSchedule schedule = VpSchedules.of(config);
      golden.alphas(schedule::cumulativeAlpha);
      golden.number("final_alpha_cumprod", new DdimSampler(config, 4).finalCumulativeAlpha(), 1e-6);
      for (Map.Entry<String, JsonNode> grid : golden.grids()) {
        int[] steps = new DdimSampler(config, Integer.parseInt(grid.getKey())).timesteps();
        golden.timesteps(grid, Arrays.stream(steps).asDoubleStream().toArray(), 0);
      }
      golden.at("runs").forEach(run -> compare(golden, config, run));
      golden.noised("add_noise", (x, eps, t) -> Diffusion.diffuse(x, eps, t, schedule));
      golden.noised(
          "get_velocity", (x, eps, t) -> new VelocityPrediction().target(x, eps, t, schedule));
      return golden.report();
    }
  }

  private static void compare(SchedulerCase golden, SchedulerConfig config, JsonNode run) {
    int n = run.get("num_inference_steps").asInt();
    double eta = run.path("eta").asDouble(0);
    DdimSampler sampler = new DdimSampler(config, n);
    NDArray x = golden.tensor(run.get("initial_sample"));
    JsonNode stored = run.get("initial_noise");
    for (JsonNode step : run.get("steps")) {
      int t = step.get("t").asInt();
      NDArray noise = eta > 0 ? golden.tensor(step.get("variance_noise")) : null;
      DdimSampler.Step actual =
          sampler.step(x, golden.tensor(step.get("model_output")), t, eta, noise);
      String name = "%d.%d.".formatted(n, t);
      for (String key : new String[] {"prev_sample", "pred_original_sample"}) {
        NDArray latents = key.equals("prev_sample") ? actual.previous() : actual.clean();
        golden.latents("step", name + key, step.get(key), latents, SchedulerCase.STEP);
      }
      x = actual.previous();
      stored = step.get("prev_sample");
    }
    if (eta == 0) {
      NDArray noise = golden.tensor(run.get("initial_noise"));
      NDArray end = sampler.sample(SchedulerCase::model, noise);
      golden.latents("run", n + ".end", stored, end, SchedulerCase.RUN);
    }
  }
}
