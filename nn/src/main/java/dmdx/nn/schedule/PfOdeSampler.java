package dmdx.nn.schedule;

import ai.djl.ndarray.NDArray;
import dmdx.api.Diffusion;
import dmdx.api.NoiseSchedule;
import dmdx.api.Parameterization;
import dmdx.api.Sampler;
import java.util.Arrays;

/**
 * First-order steps of the probability-flow ODE along given times, for any schedule: {@code x_s =
 * alpha_s x0_hat + sigma_s eps_hat}. The last step ends at time 0.
 */
public final class PfOdeSampler implements Sampler {
  private final NoiseSchedule schedule;
  private final Parameterization parameterization;
  private final double[] times;

  /**
   * @param times noisiest first, at least one
   */
  public PfOdeSampler(NoiseSchedule schedule, Parameterization parameterization, double[] times) {
    this.schedule = schedule;
    this.parameterization = parameterization;
    this.times = Arrays.copyOf(times, times.length + 1);
  }

  @Override
  public NDArray sample(Denoise denoise, NDArray noise) {
    return Trajectory.follow(
        noise,
        times.length - 1,
        (x, i) ->
            Diffusion.step(
                x,
                denoise.output(x, times[i]),
                Diffusion.filled(x, times[i]),
                Diffusion.filled(x, times[i + 1]),
                parameterization,
                schedule));
  }
}
