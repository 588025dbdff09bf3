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

  /** The cleanest time the schedule is defined at (0 for both known families). */
  default double start() {
    return 0;
  }

  double alpha(double t);

  double sigma(double t);

  /** The nearest time the schedule is defined at; the identity for continuous schedules. */
  double snap(double t);

  /** The length of one 64th of the horizon, the step ADM's score estimators take, snapped. */
  default double admStep(int divisions) {
    return snap(horizon() / divisions);
  }
}
