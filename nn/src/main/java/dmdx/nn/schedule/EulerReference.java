package dmdx.nn.schedule;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import com.fasterxml.jackson.databind.JsonNode;
import dmdx.api.Diffusion;
import dmdx.nn.parity.ParityReport;
import dmdx.nn.parity.ReferenceCheck;
import dmdx.nn.torch.Ops;
import dmdx.nn.weights.ModelConfig;
import java.util.List;
import java.util.Map;

/** Compares {@link EulerSampler} with recorded schedulers. */
public final class EulerReference implements ReferenceCheck {

  /** For the service loader. */
  public EulerReference() {}

  @Override
  public boolean accepts(ModelConfig index) {
    return SchedulerCase.isOf(index, "EulerDiscreteScheduler");
  }

  @Override
  public ParityReport check(ModelConfig index, NDManager manager) {
    try (SchedulerCase golden = new SchedulerCase(index, manager)) {
      SchedulerConfig config = SchedulerConfig.of(golden.config());
      double[] abar = EulerSampler.cumulativeAlphas(config);
      golden.alphas(t -> abar[t]);
      EulerSampler eight = new EulerSampler(config, 8);
      int last = config.trainTimesteps() - 1;
      // counts from the noisiest, 0 is appended
      golden.trainSigmas(i -> i > last ? 0 : eight.sigma(last - i));
      golden.number(
          "init_noise_sigma_before_set_timesteps", eight.initialTrainSigma(), SchedulerCase.SIGMA);
      for (Map.Entry<String, JsonNode> grid : golden.grids()) {
        EulerSampler sampler = new EulerSampler(config, SchedulerCase.grid(grid, config));
        golden.timesteps(grid, sampler.timesteps(), SchedulerCase.TIMESTEP);
        golden.sigmas(grid, "sigmas", sampler.sigmas());
        golden.sigmas(grid, "init_noise_sigma", sampler.initialSigma());
      }
      golden.at("runs").forEach(run -> compare(golden, config, run));
      for (String key : List.of("add_noise", "add_noise_after_set_timesteps_8")) {
        golden.noised(key, (x, eps, t) -> x.add(eps.mul(Diffusion.rows(eps, t, eight::sigma))));
      }
      return golden.report();
    }
  }

  private static void compare(SchedulerCase golden, SchedulerConfig config, JsonNode run) {
    int n = run.get("num_inference_steps").asInt();
    EulerSampler sampler = new EulerSampler(config, n);
    NDArray x = Ops.times(golden.tensor(run.get("initial_noise")), sampler.initialSigma());
    JsonNode stored = run.get("initial_sample");
    golden.latents("step", n + ".initial_sample", stored, x, SchedulerCase.STEP);
    for (int i = 0; i < n; i++) {
      JsonNode step = run.get("steps").get(i);
      EulerSampler.Step actual = sampler.step(x, golden.tensor(step.get("model_output")), i);
      golden.latents(
          "step",
          "%d.%d.model_input".formatted(n, i),
          step.get("model_input"),
          sampler.input(x, i),
          SchedulerCase.STEP);
      golden.step(n, i, step, actual.previous(), actual.clean());
      x = actual.previous();
    }
    golden.end(n, run, sampler);
  }
}
