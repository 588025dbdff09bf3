package dmdx.api;

import ai.djl.ndarray.NDArray;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * How the distribution of the student is drawn towards the teacher's.
 *
 * <p>The framework computes only what {@link #inputs()} asks for; reading anything else from {@link
 * ScoreEstimates} is an error.
 */
public interface DivergenceLoss {

  /** What a divergence compares. */
  enum Input {
    /** Clean estimates of both score networks at {@code x_t}. */
    CLEAN_ESTIMATES,
    /** Both networks' PF-ODE steps from {@code x_t} to {@code x_{t-dt}}. */
    ODE_STEPS,
    /** The clean end of an ODE pair, in stages that have pairs. */
    ODE_PAIRS,
    /**
     * The fake score's estimates with their gradient through the network to the student. Without
     * this the network's output is constant; so it is where a stage's settings say so.
     */
    DIFFERENTIABLE_FAKE,
    /**
     * The real score's estimates with their gradient through the network to the student. It costs
     * the memory of a further graph, that of both halves of a guided evaluation; without this they
     * are constant.
     */
    DIFFERENTIABLE_REAL
  }

  Set<Input> inputs();

  /** Whether the divergence trains a critic, a discriminator on the teacher's own backbone. */
  default boolean hasCritic() {
    return false;
  }

  /**
   * What the generator minimises.
   *
   * @param critic evaluates the trainable critic; never called if {@link #hasCritic()} is false
   * @return a scalar with gradient to {@link ScoreEstimates#student()}
   */
  NDArray generator(ScoreEstimates estimates, Critic critic);

  /**
   * What the critic minimises, with all estimates constant: it asks the critic first for the logits
   * of real samples, then for those of fake ones.
   *
   * @return a scalar with gradient to the critic
   */
  default NDArray critic(ScoreEstimates estimates, Critic critic) {
    throw new UnsupportedOperationException("this divergence has no critic");
  }

  /** Running counts worth logging, such as repaired gradients, by metric name; since creation. */
  default Map<String, Long> counters() {
    return Map.of();
  }

  /** A discriminator as a divergence sees it. */
  @FunctionalInterface
  interface Critic {
    /**
     * @param x latents {@code [B, …]}
     * @param t their times, one per row
     * @return one map of logits {@code [B, 1, …]} per tap
     */
    List<NDArray> logits(NDArray x, double[] t);
  }
}
