package dmdx.nn.schedule;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import com.fasterxml.jackson.databind.JsonNode;
import dmdx.nn.parity.ParityReport;
import dmdx.nn.parity.ReferenceCheck;
import dmdx.nn.weights.ModelConfig;

/**
 * Compares {@link CogVideoXDpmSampler} with recorded schedulers, step by step with the recorded
 * noise.
 */
public final class CogVideoXDpmReference implements ReferenceCheck {

  /** For the service loader. */
  public CogVideoXDpmReference() {}

  @Override
  public boolean accepts(ModelConfig index) {
    return SchedulerCase.isOf(index, "CogVideoXDPMScheduler");
  }

  @Override
  public ParityReport check(ModelConfig index, NDManager manager) {
    try (SchedulerCase golden = new SchedulerCase(index, manager)) {
      SchedulerConfig config = SchedulerConfig.of(golden.config());
      golden.variancePreserving(config);
      golden.at("runs").forEach(run -> compare(golden, config, run));
      return golden.report();
    }
  }

  private static void compare(SchedulerCase golden, SchedulerConfig config, JsonNode run) {
    int n = run.get("num_inference_steps").asInt();
    CogVideoXDpmSampler sampler = new CogVideoXDpmSampler(config, n, 0);
    NDArray x = golden.tensor(run.get("initial_sample"));
    CogVideoXDpmSampler.Before before = null;
    for (JsonNode step : run.get("steps")) {
      int t = step.get("t").asInt();
      NDArray output = golden.tensor(step.get("model_output"));
      NDArray noise = golden.tensor(step.get("noise"));
      CogVideoXDpmSampler.Step actual = sampler.step(x, output, t, before, noise);
      golden.step(n, t, step, actual.previous(), actual.clean());
      x = actual.previous();
      before = new CogVideoXDpmSampler.Before(t, actual.clean());
    }
  }
}
