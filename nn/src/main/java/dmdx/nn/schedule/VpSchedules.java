package dmdx.nn.schedule;

import dmdx.api.DiscreteSchedule;

/** Tables of variance-preserving schedules. Indices are timesteps {@code 0 … N-1}. */
public final class VpSchedules {
  private VpSchedules() {}

  /** How betas grow. */
  public enum BetaSchedule {
    /** Evenly spaced betas. */
    LINEAR,
    /** Evenly spaced square roots of betas. */
    SCALED_LINEAR
  }

  /** The schedule a configuration describes. */
  public static DiscreteSchedule of(SchedulerConfig config) {
    return new DiscreteSchedule(cumulativeAlphas(config));
  }

  /** {@code [N]} betas from {@code start} to {@code end}. */
  public static double[] betas(BetaSchedule kind, double start, double end, int steps) {
    return switch (kind) {
      case LINEAR -> linspace(start, end, steps);
      case SCALED_LINEAR -> {
        double[] roots = linspace(Math.sqrt(start), Math.sqrt(end), steps);
        for (int i = 0; i < steps; i++) {
          roots[i] *= roots[i];
        }
        yield roots;
      }
    };
  }

  /** {@code abar_t}, the product of {@code 1 - beta_i} over {@code i <= t}. */
  public static double[] cumulativeAlphas(double[] betas) {
    double[] abar = new double[betas.length];
    double product = 1;
    for (int t = 0; t < betas.length; t++) {
      product *= 1 - betas[t];
      abar[t] = product;
    }
    return abar;
  }

  /**
   * Shifts and stretches {@code sqrt(abar)} so that the last entry is 0 and the first stays (zero
   * terminal signal-to-noise ratio).
   */
  public static double[] zeroTerminalSnr(double[] abar) {
    double first = Math.sqrt(abar[0]);
    double last = Math.sqrt(abar[abar.length - 1]);
    double[] rescaled = new double[abar.length];
    for (int t = 0; t < abar.length; t++) {
      double root = (Math.sqrt(abar[t]) - last) * first / (first - last);
      rescaled[t] = root * root;
    }
    return rescaled;
  }

  /**
   * Divides the signal-to-noise ratio {@code abar/(1 - abar)} by s: {@code abar/(s + (1 - s)
   * abar)}.
   */
  public static double[] shiftedSnr(double[] abar, double s) {
    double[] shifted = new double[abar.length];
    for (int t = 0; t < abar.length; t++) {
      shifted[t] = abar[t] / (s + (1 - s) * abar[t]);
    }
    return shifted;
  }

  static double[] cumulativeAlphas(SchedulerConfig config) {
    double[] abar =
        cumulativeAlphas(
            betas(
                config.betaSchedule(),
                config.betaStart(),
                config.betaEnd(),
                config.trainTimesteps()));
    abar = shiftedSnr(abar, config.snrShift());
    return config.zeroTerminalSnr() ? zeroTerminalSnr(abar) : abar;
  }

  /** {@code n} evenly spaced values, both ends included; one value is {@code start}. */
  static double[] linspace(double start, double end, int n) {
    double[] values = new double[n];
    for (int i = 0; i < n; i++) {
      values[i] = n == 1 ? start : start + (end - start) * i / (n - 1);
    }
    return values;
  }
}
