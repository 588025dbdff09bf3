package dmdx.nn.data;

/** An interpolation kernel. Shrinking widens it by the scale, which prevents aliasing. */
public enum ResizeFilter {
  /** The triangle of radius 1. */
  BILINEAR(1) {
    @Override
    double at(double t) {
      return Math.max(0, 1 - Math.abs(t));
    }
  },
  /** Keys' cubic of radius 2, a = -0.5. */
  BICUBIC(2) {
    @Override
    double at(double t) {
      return cubic(t, A);
    }
  };

  private static final double A = -0.5;
  private final int radius;

  ResizeFilter(int radius) {
    this.radius = radius;
  }

  abstract double at(double t);

  /** Keys' cubic. */
  static double cubic(double t, double a) {
    double x = Math.abs(t);
    if (x < 1) {
      return ((a + 2) * x - (a + 3)) * x * x + 1;
    }
    return x < 2 ? a * (((x - 5) * x + 8) * x - 4) : 0;
  }

  /** The contributions to each of {@code out} positions of a line of {@code in} positions. */
  Taps[] taps(int in, int out) {
    double scale = (double) in / out;
    double stretch = Math.max(scale, 1);
    double reach = radius * stretch;
    Taps[] taps = new Taps[out];
    for (int x = 0; x < out; x++) {
      double centre = (x + 0.5) * scale;
      int from = Math.max(0, (int) (centre - reach + 0.5));
      int to = Math.min(in, (int) (centre + reach + 0.5));
      double[] weights = new double[to - from];
      double sum = 0;
      for (int j = 0; j < weights.length; j++) {
        weights[j] = at((from + j - centre + 0.5) / stretch);
        sum += weights[j];
      }
      for (int j = 0; j < weights.length; j++) {
        weights[j] /= sum;
      }
      taps[x] = new Taps(from, weights);
    }
    return taps;
  }

  /**
   * What one output position is made of.
   *
   * @param from first input position
   * @param weights weights of the input positions from there on; they sum to 1
   */
  record Taps(int from, double[] weights) {}
}
