package dmdx.nn.schedule;

import ai.djl.ndarray.NDArray;
import dmdx.api.Sampler;
import dmdx.nn.torch.Ops;
import org.jspecify.annotations.Nullable;

/**
 * DDIM. A step goes from t to {@code t - N div n}, whatever the spacing of the grid:
 *
 * <pre>
 * x_prev = sqrt(a_prev) x0 + sqrt(1 - a_prev - s^2) eps + s noise
 * s      = eta sqrt((1 - a_prev)/(1 - a) (1 - a/a_prev))
 * </pre>
 *
 * As a {@link Sampler} it is deterministic, {@code eta = 0}. So it is CogVideoX's DDIM too, whose
 * tables alone differ.
 */
public final class DdimSampler implements Sampler {
  private final SchedulerConfig config;
  private final VpSteps steps;

  /**
   * @param config a variance-preserving scheduler
   * @param steps number of steps n
   * @throws IllegalArgumentException if {@code steps} does not suit the configuration
   */
  public DdimSampler(SchedulerConfig config, int steps) {
    this.config = config;
    this.steps = new VpSteps(config, steps);
  }

  /** The timesteps, noisiest first. */
  public int[] timesteps() {
    return steps.timesteps();
  }

  @Override
  public NDArray sample(Denoise denoise, NDArray noise) {
    int[] times = steps.timesteps();
    return Trajectory.follow(
        noise,
        times.length,
        (x, i) -> step(x, denoise.output(x, times[i]), times[i], 0, null).previous());
  }

  /**
   * One step.
   *
   * @param x latents at {@code t}
   * @param output the network's output for them
   * @param eta share of fresh noise, 0 to 1
   * @param noise unit noise, needed if {@code eta} is positive
   */
  Step step(NDArray x, NDArray output, int t, double eta, @Nullable NDArray noise) {
    double a = steps.at(t);
    double previous = steps.after(t);
    NDArray x0 = config.prediction().clean(x, output, a);
    NDArray eps = config.prediction().noise(x, output, a);
    if (config.clipSample()) {
      x0 = x0.clip((float) -config.clipSampleRange(), (float) config.clipSampleRange());
    }
    double deviation = eta * Math.sqrt((1 - previous) / (1 - a) * (1 - a / previous));
    NDArray direct =
        Prediction.sum(
            Math.sqrt(previous),
            x0,
            Math.sqrt(Math.max(0, 1 - previous - deviation * deviation)),
            eps);
    return new Step(noise == null ? direct : direct.add(Ops.times(noise, deviation)), x0);
  }

  /** The latents one step on, and the clean estimate on the way. */
  record Step(NDArray previous, NDArray clean) {}
}
