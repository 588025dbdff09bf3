package dmdx.nn.schedule;

import ai.djl.ndarray.NDArray;
import dmdx.api.Sampler;
import dmdx.nn.torch.Ops;
import java.util.Arrays;

/**
 * Euler's method on {@code sigma = sqrt((1 - abar)/abar)}. The state is {@code x0 + sigma eps}, the
 * network sees it divided by {@code sqrt(sigma^2 + 1)}:
 *
 * <pre>
 * x_next = x + (x - x0)/sigma_i (sigma_{i+1} - sigma_i),   sigma_n = 0
 * </pre>
 */
public final class EulerSampler implements Sampler {
  /** Stands in for the abar = 0 of a zero terminal SNR, so that sigma stays finite. */
  private static final double LAST_CUMULATIVE_ALPHA = 0x1p-24;

  private final SchedulerConfig config;
  private final double[] trainSigmas;
  private final double[] timesteps;
  private final double[] sigmas;

  /**
   * @param config a variance-preserving scheduler
   * @param steps number of steps n
   * @throws IllegalArgumentException if {@code steps} does not suit the configuration
   */
  public EulerSampler(SchedulerConfig config, int steps) {
    this(config, config.grid().timesteps(steps, config.trainTimesteps(), config.stepsOffset()));
  }

  /**
   * @param timesteps noisiest first; what lies beyond N-1 has its noise level
   */
  EulerSampler(SchedulerConfig config, double[] timesteps) {
    this.config = config;
    this.timesteps = timesteps;
    trainSigmas = cumulativeAlphas(config);
    for (int t = 0; t < trainSigmas.length; t++) {
      trainSigmas[t] = Math.sqrt((1 - trainSigmas[t]) / trainSigmas[t]);
    }
    sigmas = new double[timesteps.length + 1];
    for (int i = 0; i < timesteps.length; i++) {
      sigmas[i] = sigma(timesteps[i]);
    }
  }

  /** abar, never 0. */
  static double[] cumulativeAlphas(SchedulerConfig config) {
    double[] abar = VpSchedules.cumulativeAlphas(config);
    if (config.zeroTerminalSnr()) {
      abar[abar.length - 1] = LAST_CUMULATIVE_ALPHA;
    }
    return abar;
  }

  /** The timesteps, noisiest first; they may have fractions. */
  public double[] timesteps() {
    return timesteps.clone();
  }

  /**
   * The noise levels, {@code n + 1} values, the last is 0. They fall, but the second may be above
   * the first at a zero terminal SNR.
   */
  public double[] sigmas() {
    return sigmas.clone();
  }

  /** What unit noise is multiplied with to start. */
  public double initialSigma() {
    return initialSigma(sigmas);
  }

  private double initialSigma(double[] levels) {
    double largest = Arrays.stream(levels).max().orElse(0);
    return config.grid() == TimestepGrid.LEADING ? Math.sqrt(largest * largest + 1) : largest;
  }

  /** {@link #initialSigma} of the training grid. */
  double initialTrainSigma() {
    return initialSigma(trainSigmas);
  }

  /** The noise level at a timestep, which may have a fraction. */
  double sigma(double t) {
    int low = (int) Math.min(Math.floor(t), trainSigmas.length - 2);
    return trainSigmas[low] + Math.min(t - low, 1) * (trainSigmas[low + 1] - trainSigmas[low]);
  }

  @Override
  public NDArray sample(Denoise denoise, NDArray noise) {
    try (NDArray start = Ops.times(noise, initialSigma())) {
      return Trajectory.follow(
          start,
          timesteps.length,
          (x, i) -> step(x, denoise.output(input(x, i), timesteps[i]), i).previous());
    }
  }

  /** What the network sees of the state before step {@code i}. */
  NDArray input(NDArray x, int i) {
    return Ops.times(x, 1 / Math.sqrt(sigmas[i] * sigmas[i] + 1));
  }

  /** Step {@code i} from the state {@code x}. */
  Step step(NDArray x, NDArray output, int i) {
    double sigma = sigmas[i];
    double square = sigma * sigma + 1;
    NDArray x0 =
        switch (config.prediction()) {
          case EPSILON -> Prediction.sum(1, x, -sigma, output);
          case SAMPLE -> output;
          case V_PREDICTION -> Prediction.sum(1 / square, x, -sigma / Math.sqrt(square), output);
        };
    double ratio = sigmas[i + 1] / sigma;
    return new Step(Prediction.sum(ratio, x, 1 - ratio, x0), x0);
  }

  /** The state one step on, and the clean estimate on the way. */
  record Step(NDArray previous, NDArray clean) {}
}
