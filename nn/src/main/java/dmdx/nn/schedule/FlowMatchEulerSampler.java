package dmdx.nn.schedule;

import ai.djl.ndarray.NDArray;
import dmdx.api.Sampler;
import dmdx.nn.torch.Ops;

/**
 * Euler's method on the straight path {@code x = (1 - sigma) x0 + sigma eps}, whose network
 * predicts {@code v = eps - x0} at timestep {@code N sigma}: {@code x_next = x + (sigma_{i+1} -
 * sigma_i) v}.
 */
public final class FlowMatchEulerSampler implements Sampler {
  private final FlowMatchConfig config;
  private final double[] sigmas;

  /**
   * @param config a rectified-flow scheduler
   * @param steps number of steps n, at least 1
   */
  public FlowMatchEulerSampler(FlowMatchConfig config, int steps) {
    this.config = config;
    sigmas = config.sigmas(steps);
  }

  /** The noise levels, falling, {@code n + 1} values, the last is 0. */
  public double[] sigmas() {
    return sigmas.clone();
  }

  /** The timesteps {@code N sigma}, noisiest first, with fractions. */
  public double[] timesteps() {
    double[] timesteps = new double[sigmas.length - 1];
    for (int i = 0; i < timesteps.length; i++) {
      timesteps[i] = config.trainTimesteps() * sigmas[i];
    }
    return timesteps;
  }

  @Override
  public NDArray sample(Denoise denoise, NDArray noise) {
    return Trajectory.follow(
        noise,
        sigmas.length - 1,
        (x, i) -> step(x, denoise.output(x, config.trainTimesteps() * sigmas[i]), i));
  }

  /** Step {@code i} from {@code x}. */
  NDArray step(NDArray x, NDArray velocity, int i) {
    return x.add(Ops.times(velocity, sigmas[i + 1] - sigmas[i]));
  }
}
