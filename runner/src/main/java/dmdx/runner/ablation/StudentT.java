package dmdx.runner.ablation;

/** Student's t distribution with a whole number of degrees of freedom. */
final class StudentT {
  private static final double LARGEST = 1e6;

  private StudentT() {}

  /** The t with {@code P(|T| <= t) = level}; {@code level} below 0.999, {@code freedom} above 0. */
  static double quantile(double level, int freedom) {
    double low = 0;
    double high = LARGEST;
    while (high - low > 1e-12 * Math.max(1, high)) {
      double middle = (low + high) / 2;
      if (middle == low || middle == high) {
        break;
      }
      if (within(middle, freedom) < level) {
        low = middle;
      } else {
        high = middle;
      }
    }
    return (low + high) / 2;
  }

  /**
   * {@code P(|T| <= t)}: the finite trigonometric series in {@code theta = atan(t / sqrt(n))},
   * Abramowitz and Stegun 26.7.3 (odd n) and 26.7.4 (even n).
   */
  static double within(double t, int freedom) {
    double theta = Math.atan(t / Math.sqrt(freedom));
    double sine = Math.sin(theta);
    double cosine = Math.cos(theta);
    boolean odd = freedom % 2 == 1;
    double term = odd ? cosine : 1;
    double sum = freedom == 1 ? 0 : term;
    for (int k = odd ? 3 : 2; k < freedom - (odd ? 0 : 1); k += 2) {
      term *= cosine * cosine * (k - 1) / k;
      sum += term;
    }
    return odd ? 2 / Math.PI * (theta + sine * sum) : sine * sum;
  }
}
