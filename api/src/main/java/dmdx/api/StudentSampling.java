package dmdx.api;

import java.util.List;

/**
 * How a distilled denoiser is sampled; written beside its weights so that others can run it.
 *
 * @param parameterization name of the {@link Parameterization} of its output
 * @param schedule {@code teacher}, or {@code flow} for the straight path {@code x_t = (1-t) x0 + t
 *     z}
 * @param timesteps the steps, noisiest first, in network units
 * @param guidance guidance scale the student is run with, two evaluations a step; 1 for a student
 *     that needs none
 */
public record StudentSampling(
    String parameterization, String schedule, List<Double> timesteps, double guidance) {
  public StudentSampling {
    timesteps = List.copyOf(timesteps);
    if (!(guidance >= 1)) {
      throw new IllegalArgumentException(
          "a student's guidance scale is %s, expected at least 1".formatted(guidance));
    }
  }
}
