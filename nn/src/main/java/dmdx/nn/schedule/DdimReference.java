package dmdx.nn.schedule;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import com.fasterxml.jackson.databind.JsonNode;
import dmdx.nn.parity.ParityReport;
import dmdx.nn.parity.ReferenceCheck;
import dmdx.nn.weights.ModelConfig;

/** Compares {@link DdimSampler} with recorded schedulers, CogVideoX's among them. */
public final class DdimReference implements ReferenceCheck {

  /** For the service loader. */
  public DdimReference() {}

  @Override
  public boolean accepts(ModelConfig index) {
    return SchedulerCase.isOf(index, "DDIMScheduler")
        || SchedulerCase.isOf(index, "CogVideoXDDIMScheduler");
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
    double eta = run.path("eta").asDouble(0);
    DdimSampler sampler = new DdimSampler(config, n);
    NDArray x = golden.tensor(run.get("initial_sample"));
    for (JsonNode step : run.get("steps")) {
      int t = step.get("t").asInt();
      NDArray noise = eta > 0 ? golden.tensor(step.get("variance_noise")) : null;
      DdimSampler.Step actual =
          sampler.step(x, golden.tensor(step.get("model_output")), t, eta, noise);
      golden.step(n, t, step, actual.previous(), actual.clean());
      x = actual.previous();
    }
    if (eta == 0) {
      golden.end(n, run, sampler);
    }
  }
}
