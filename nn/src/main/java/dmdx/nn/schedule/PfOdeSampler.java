package dmdx.nn.schedule;

import ai.djl.ndarray.NDArray;
import dmdx.api.Diffusion;
import dmdx.api.NoiseSchedule;
import dmdx.api.Parameterization;
import dmdx.api.Sampler;
import dmdx.nn.torch.Scope;
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
    NDArray x = noise;
    for (int i = 0; i + 1 < times.length; i++) {
      NDArray next;
      try (Scope scope = new Scope()) {
        NDArray output = denoise.output(x, times[i]);
        double[] t = filled(x, times[i]);
        double[] s = filled(x, times[i + 1]);
        next = Diffusion.step(x, output, t, s, parameterization, schedule);
        next.attach(noise.getManager());
        scope.keep(next);
      }
      if (x != noise) {
        x.close();
      }
      x = next;
    }
    return x;
  }

  private static double[] filled(NDArray rows, double value) {
    double[] t = new double[(int) rows.getShape().get(0)];
    Arrays.fill(t, value);
    return t;
  }
}
