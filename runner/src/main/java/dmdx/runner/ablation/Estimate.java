package dmdx.runner.ablation;

import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.List;

/**
 * A mean with its 95 % interval.
 *
 * @param low lower end of the interval; {@code NaN}, like {@code high}, where nothing tells it
 * @param values how many it is the mean of
 */
record Estimate(double mean, double low, double high, int values) {
  private static final double LEVEL = 0.95;

  /** A score of one run; {@code low} and {@code high} are {@code NaN} if it has no interval. */
  record Score(double value, double low, double high) {
    static Score of(double value) {
      return new Score(value, Double.NaN, Double.NaN);
    }
  }

  /**
   * Student's t-interval over runs, {@code mean ± t s / sqrt(n)}; for a single run, the interval
   * that its own score has.
   *
   * @param scores of runs that differ in nothing but the seed, at least one
   */
  static Estimate of(List<Score> scores) {
    int n = scores.size();
    double mean = scores.stream().mapToDouble(Score::value).sum() / n;
    if (n == 1) {
      return new Estimate(mean, scores.get(0).low(), scores.get(0).high(), 1);
    }
    double squares = scores.stream().mapToDouble(s -> Math.pow(s.value() - mean, 2)).sum();
    double half = StudentT.quantile(LEVEL, n - 1) * Math.sqrt(squares / (n - 1) / n);
    return new Estimate(mean, mean - half, mean + half, n);
  }

  /** Whether the mean and its interval are numbers. */
  boolean isKnown() {
    return Double.isFinite(mean) && Double.isFinite(low) && Double.isFinite(high);
  }

  /**
   * {@code 0.812 ± 0.013}, {@code 0.81 [0.79, 0.84]} where one-sided lengths differ, or the mean.
   */
  @Override
  public String toString() {
    if (!Double.isFinite(mean)) {
      return Double.toString(mean);
    }
    if (!isKnown()) {
      return rounded(mean, mean == Math.rint(mean) ? 0 : 3 - magnitude(mean));
    }
    double half = (high - low) / 2;
    int digits = 1 - magnitude(half == 0 ? mean / 100 : half);
    if (Math.abs(mean - low - half) <= 1e-6 * Math.max(half, Math.abs(mean))) {
      return rounded(mean, digits) + " ± " + rounded(half, digits);
    }
    return "%s [%s, %s]"
        .formatted(rounded(mean, digits), rounded(low, digits), rounded(high, digits));
  }

  /** Exponent of ten of the first digit. */
  private static int magnitude(double x) {
    return x == 0 ? 0 : (int) Math.floor(Math.log10(Math.abs(x)));
  }

  private static String rounded(double x, int digits) {
    return BigDecimal.valueOf(x)
        .setScale(Math.max(0, Math.min(6, digits)), RoundingMode.HALF_EVEN)
        .toPlainString();
  }
}
