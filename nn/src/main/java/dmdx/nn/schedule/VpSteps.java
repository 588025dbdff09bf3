package dmdx.nn.schedule;

/**
 * The sampling steps of a variance-preserving scheduler; each goes from t to {@code t - N div n}.
 */
final class VpSteps {
  private final SchedulerConfig config;
  private final double[] cumulativeAlpha;
  private final int[] timesteps;
  private final int stride;

  /**
   * @throws IllegalArgumentException if {@code n} does not suit the configuration
   */
  VpSteps(SchedulerConfig config, int n) {
    this.config = config;
    cumulativeAlpha = VpSchedules.cumulativeAlphas(config);
    timesteps = config.grid().rounded(n, config.trainTimesteps(), config.stepsOffset());
    stride = config.trainTimesteps() / n;
    if (config.prediction() == Prediction.EPSILON && cumulativeAlpha[timesteps[0]] == 0) {
      throw new IllegalArgumentException(
          "at timestep %d the latents are pure noise, which a noise prediction cannot start from;"
                  .formatted(timesteps[0])
              + " use v_prediction, or leading timesteps");
    }
  }

  /** The timesteps, noisiest first. */
  int[] timesteps() {
    return timesteps.clone();
  }

  /** abar at t. */
  double at(int t) {
    return cumulativeAlpha[t];
  }

  /** Whether the step from t leaves the table. */
  boolean isLast(int t) {
    return t < stride;
  }

  /** abar where the step from t ends. */
  double after(int t) {
    return isLast(t) ? finalCumulativeAlpha(config, at(0)) : cumulativeAlpha[t - stride];
  }

  /** abar "before" timestep 0, whose own is {@code first}. */
  static double finalCumulativeAlpha(SchedulerConfig config, double first) {
    return config.setAlphaToOne() ? 1 : first;
  }
}
