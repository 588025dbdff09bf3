package dmdx.losses;

import ai.djl.ndarray.NDArray;
import dmdx.api.DivergenceLoss;
import dmdx.api.ScoreEstimates;
import java.util.Map;
import java.util.Set;

/**
 * The DMD loss (Eq. 4 to 6), the reverse KL divergence: the {@link ScoreGradient} with weight 1.
 * Its value needs no autograd, so the loss also serves as a probe.
 */
final class DmdLoss implements DivergenceLoss {
  private final ScoreGradient gradient = new ScoreGradient();

  @Override
  public Set<Input> inputs() {
    return Set.of(Input.CLEAN_ESTIMATES);
  }

  @Override
  public Map<String, Long> counters() {
    return gradient.counters();
  }

  @Override
  public NDArray generator(ScoreEstimates estimates, Critic critic) {
    return gradient.loss(estimates, null);
  }
}
