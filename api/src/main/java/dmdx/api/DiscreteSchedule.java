package dmdx.api;

/**
 * A variance-preserving schedule on the integer grid {@code 0 … N-1}: {@code alpha = sqrt(abar_t)},
 * {@code sigma = sqrt(1 - abar_t)} (DDPM; SDXL, CogVideoX).
 */
public final class DiscreteSchedule implements NoiseSchedule {
  private final double[] cumulativeAlpha;

  /**
   * @param cumulativeAlpha abar, one value per timestep, falling, each in [0, 1]
   */
  public DiscreteSchedule(double[] cumulativeAlpha) {
    this.cumulativeAlpha = cumulativeAlpha.clone();
  }

  /** abar at a grid time. */
  public double cumulativeAlpha(int t) {
    return cumulativeAlpha[t];
  }

  public int size() {
    return cumulativeAlpha.length;
  }

  @Override
  public double horizon() {
    return cumulativeAlpha.length - 1;
  }

  @Override
  public double timeScale() {
    return cumulativeAlpha.length;
  }

  /** Timestep 1, the first above 0. */
  @Override
  public double lowest() {
    return Math.min(1, horizon());
  }

  @Override
  public double draw(double low, double u) {
    return Math.floor(low + u * (horizon() - low + 1));
  }

  @Override
  public double alpha(double t) {
    return Math.sqrt(at(t));
  }

  @Override
  public double sigma(double t) {
    return Math.sqrt(1 - at(t));
  }

  private double at(double t) {
    int index = (int) Math.rint(t);
    if (index != t || index < 0 || index >= cumulativeAlpha.length) {
      throw new IllegalArgumentException(
          "time %s is not on the grid 0..%d; call snap first"
              .formatted(t, cumulativeAlpha.length - 1));
    }
    return cumulativeAlpha[index];
  }

  @Override
  public double snap(double t) {
    return Math.max(0, Math.min(horizon(), Math.rint(t)));
  }
}
