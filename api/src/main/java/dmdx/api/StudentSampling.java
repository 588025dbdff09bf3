package dmdx.api;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * How a distilled denoiser is sampled; written beside its weights so that others can run it.
 *
 * @param parameterization name of the {@link Parameterization} of its output
 * @param schedule {@code teacher}, or {@code flow} for the straight path {@code x_t = (1-t) x0 + t
 *     z}
 * @param timesteps the steps, noisiest first, in network units
 * @param guidance guidance scale the student is run with, two evaluations a step; 1 for a student
 *     that needs none
 * @param origin what the student was distilled for, or {@code null} if that is not known
 */
public record StudentSampling(
    String parameterization,
    String schedule,
    List<Double> timesteps,
    double guidance,
    @Nullable PipelineOrigin origin) {
  public StudentSampling {
    timesteps = List.copyOf(timesteps);
    if (!(guidance >= 1)) {
      throw new IllegalArgumentException(
          "a student's guidance scale is %s, expected at least 1".formatted(guidance));
    }
  }

  /** A student of which is not known what it was distilled for. */
  public StudentSampling(
      String parameterization, String schedule, List<Double> timesteps, double guidance) {
    this(parameterization, schedule, timesteps, guidance, null);
  }

  /** The same with what it was distilled for. */
  public StudentSampling distilledFor(PipelineOrigin known) {
    return new StudentSampling(parameterization, schedule, timesteps, guidance, known);
  }
}
