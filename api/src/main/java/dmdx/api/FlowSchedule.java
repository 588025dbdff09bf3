package dmdx.api;

/**
 * The straight path {@code alpha = 1 - t/T, sigma = t/T} of flow matching and rectified flow.
 *
 * @param horizon T, the network's timestep at pure noise
 */
public record FlowSchedule(double horizon) implements NoiseSchedule {
  public FlowSchedule {
    if (!(horizon > 0)) {
      throw new IllegalArgumentException("horizon %s must be positive".formatted(horizon));
    }
  }

  @Override
  public double alpha(double t) {
    return 1 - sigma(t);
  }

  @Override
  public double sigma(double t) {
    if (!(t >= 0 && t <= horizon)) {
      throw new IllegalArgumentException("time %s is outside [0, %s]".formatted(t, horizon));
    }
    return t / horizon;
  }

  @Override
  public double snap(double t) {
    return Math.max(0, Math.min(horizon, t));
  }
}
