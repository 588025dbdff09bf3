package dmdx.nn.schedule;

import dmdx.api.CheckpointException;
import dmdx.nn.weights.ModelConfig;
import java.nio.file.Path;

/**
 * A rectified-flow scheduler ({@code FlowMatchEulerDiscreteScheduler}).
 *
 * @param trainTimesteps N, the network's timestep at pure noise
 * @param shift s of the time shift {@code f(u) = s u / (1 + (s - 1) u)}
 */
public record FlowMatchConfig(int trainTimesteps, double shift) {
  private static final String CLASS = "FlowMatchEulerDiscreteScheduler";

  public FlowMatchConfig {
    if (trainTimesteps < 1 || !(shift > 0)) {
      throw new IllegalArgumentException(
          "%d training timesteps, shift %s: both must be positive"
              .formatted(trainTimesteps, shift));
    }
  }

  /**
   * Reads {@code scheduler_config.json}.
   *
   * @throws CheckpointException if it is absent, of another class, or asks for what is not
   *     supported
   */
  public static FlowMatchConfig read(Path file) {
    return of(ModelConfig.read(file));
  }

  /** As {@link #read}, from a configuration in memory. */
  public static FlowMatchConfig of(ModelConfig config) {
    String name = config.text("_class_name", CLASS);
    if (!name.equals(CLASS)) {
      throw new CheckpointException(
          "%s: '_class_name' is '%s', expected %s. Use the scheduler folder of a flow-matching model."
              .formatted(config.path(), name, CLASS));
    }
    for (String key :
        new String[] {
          "use_dynamic_shifting",
          "use_karras_sigmas",
          "use_exponential_sigmas",
          "use_beta_sigmas",
          "invert_sigmas"
        }) {
      config.requireNeutral(key, false);
    }
    config.requireNeutral("shift_terminal");
    int steps = config.integer("num_train_timesteps", 1000);
    double shift = config.number("shift", 1);
    if (steps < 1 || !(shift > 0)) {
      throw new CheckpointException(
          "%s: 'num_train_timesteps' is %d and 'shift' is %s, both must be positive. Correct them."
              .formatted(config.path(), steps, shift));
    }
    return new FlowMatchConfig(steps, shift);
  }

  /** The time shift {@code f}, on {@code [0, 1]}. */
  public double shifted(double u) {
    return shift * u / (1 + (shift - 1) * u);
  }

  /**
   * Noise levels of {@code n} sampling steps, falling, with 0 appended. The end points are shifted
   * already and every level is shifted again, as the published pipelines do.
   */
  public double[] sigmas(int n) {
    if (n < 1) {
      throw new IllegalArgumentException("%d sampling steps; choose at least 1".formatted(n));
    }
    double[] even = VpSchedules.linspace(shifted(1), shifted(1.0 / trainTimesteps), n);
    double[] sigmas = new double[n + 1];
    for (int i = 0; i < n; i++) {
      sigmas[i] = shifted(even[i]);
    }
    return sigmas;
  }
}
