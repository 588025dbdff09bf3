package dmdx.nn.schedule;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.Shape;
import dmdx.api.Sampler;
import dmdx.nn.torch.Ops;
import dmdx.nn.torch.Scope;
import dmdx.nn.weights.Noise;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * The second-order stochastic DPM-Solver++ of CogVideoX. A step goes from t to {@code t - N div n}:
 *
 * <pre>
 * x_prev = sqrt((1 - a_prev)/(1 - a)) e^-h x + (1 - e^-2h) sqrt(a_prev) d
 *          + sqrt(1 - a_prev) sqrt(1 - e^-2h) noise
 * d      = x0 + (x0 - x0_before)/(2 r)      d = x0 in the first and last step
 * l(a)   = ln(a/(1 - a))/2,   h = l(a_prev) - l(a),   r = (l(a) - l(a_before))/h
 * </pre>
 *
 * with "before" the step before. l is infinite at abar 0 and 1, the coefficients have limits there.
 *
 * <p>The fresh noise of a row is a function of the seed, the row's initial noise and the step.
 * Equal starts have equal ends, whatever else is in the batch and whatever ran before.
 */
public final class CogVideoXDpmSampler implements Sampler {
  private final SchedulerConfig config;
  private final VpSteps steps;
  private final long seed;

  /**
   * @param config a variance-preserving scheduler
   * @param steps number of steps n
   * @param seed of the fresh noise
   * @throws IllegalArgumentException if {@code steps} does not suit the configuration
   */
  public CogVideoXDpmSampler(SchedulerConfig config, int steps, long seed) {
    this.config = config;
    this.steps = new VpSteps(config, steps);
    this.seed = seed;
  }

  /** The timesteps, noisiest first. */
  public int[] timesteps() {
    return steps.timesteps();
  }

  @Override
  public boolean isDeterministic() {
    return false;
  }

  @Override
  public NDArray sample(Denoise denoise, NDArray noise) {
    int[] starts = starts(noise);
    NDArray x = noise;
    Before before = null;
    for (int t : steps.timesteps()) {
      Step next;
      try (Scope scope = new Scope();
          NDArray fresh = fresh(noise, starts, t)) {
        next = step(x, denoise.output(x, t), t, before, fresh);
        for (NDArray kept : new NDArray[] {next.previous(), next.clean()}) {
          kept.attach(noise.getManager());
          scope.keep(kept);
        }
      }
      if (before != null) {
        x.close();
        before.clean().close();
      }
      x = next.previous();
      before = new Before(t, next.clean());
    }
    if (before != null) {
      before.clean().close();
    }
    return x;
  }

  /** What tells the rows apart. */
  private static int[] starts(NDArray noise) {
    float[] values = noise.toFloatArray();
    int[] starts = new int[Math.toIntExact(noise.getShape().get(0))];
    int width = values.length / starts.length;
    for (int row = 0; row < starts.length; row++) {
      starts[row] = Arrays.hashCode(Arrays.copyOfRange(values, row * width, (row + 1) * width));
    }
    return starts;
  }

  private NDArray fresh(NDArray like, int[] starts, int t) {
    Shape row = like.getShape().slice(1);
    NDList rows = new NDList();
    for (int start : starts) {
      rows.add(Noise.of(seed, "dpm", start, t).gaussian(like.getManager(), row));
    }
    return NDArrays.stack(rows);
  }

  /**
   * One step.
   *
   * @param x latents at {@code t}
   * @param output the network's output for them
   * @param before the step before; null in the first
   * @param noise unit noise
   */
  Step step(NDArray x, NDArray output, int t, @Nullable Before before, NDArray noise) {
    double a = steps.at(t);
    double next = steps.after(t);
    NDArray x0 = config.prediction().clean(x, output, a);
    double h = halfLogSnr(next) - halfLogSnr(a);
    NDArray target = x0;
    if (before != null && !steps.isLast(t)) {
      double r = (halfLogSnr(a) - halfLogSnr(steps.at(before.t()))) / h;
      target = Prediction.sum(1 + 1 / (2 * r), x0, -1 / (2 * r), before.clean());
    }
    double ofLatents = Math.sqrt((1 - next) / (1 - a)) * Math.exp(-h);
    double ofClean = -Math.expm1(-2 * h) * Math.sqrt(next);
    double ofNoise = Math.sqrt(1 - next) * Math.sqrt(-Math.expm1(-2 * h));
    NDArray direct = Prediction.sum(ofLatents, x, ofClean, target);
    return new Step(direct.add(Ops.times(noise, ofNoise)), x0);
  }

  /** Half the logarithm of the signal-to-noise ratio; infinite at both ends. */
  private static double halfLogSnr(double abar) {
    return 0.5 * Math.log(abar / (1 - abar));
  }

  /** The clean estimate of the step before, and where it was made. */
  record Before(int t, NDArray clean) {}

  /** The latents one step on, and the clean estimate on the way. */
  record Step(NDArray previous, NDArray clean) {}
}
