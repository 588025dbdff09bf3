package dmdx.api;

/**
 * The forward process {@code x_t = alpha(t) x0 + sigma(t) eps} (Eq. 1).
 *
 * <p>Times are in network units, {@code 0 <= t <= horizon}; {@code alpha} falls and {@code sigma}
 * rises with t.
 */
public interface NoiseSchedule {

  /** The noisiest time; what the network's timestep input is at pure noise. */
  double horizon();

  double alpha(double t);

  double sigma(double t);

  /** The nearest time the schedule is defined at; the identity for continuous schedules. */
  double snap(double t);

  /**
   * A time drawn uniformly from those the schedule is defined at.
   *
   * @param low smallest time, on the grid
   * @param u uniform in [0, 1)
   * @return a time in {@code [low, horizon]}; continuous schedules never give {@code low} itself
   */
  default double draw(double low, double u) {
    return horizon() - u * (horizon() - low);
  }

  /**
   * The lower bound with which {@link #draw} gives times of (0, T]: every time with noise, and only
   * those. 0 for continuous schedules, which never give it.
   */
  default double lowest() {
    return 0;
  }

  /**
   * T of the paper, the number that turns a fraction of the path into a network timestep: 1000 for
   * every published teacher.
   */
  default double timeScale() {
    return horizon();
  }
}
