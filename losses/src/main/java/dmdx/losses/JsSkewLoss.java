package dmdx.losses;

import ai.djl.ndarray.NDArray;
import dmdx.api.DivergenceLoss;
import dmdx.api.ScoreEstimates;
import dmdx.nn.torch.Autograd;
import dmdx.nn.torch.Ops;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * The alpha-skewed Jensen-Shannon divergence of score-mixture distillation (SMD, Jayashankar et al.
 * 2025, arXiv 2502.09609). Of the teacher's p, the student's q and their mixture {@code m = alpha p
 * + (1 - alpha) q} it is
 *
 * <pre>{@code D = KL(q|m) / alpha + KL(p|m) / (1 - alpha).}</pre>
 *
 * <p>Its derivative at q is {@code log(q/m) / alpha} up to a constant, so its gradient for a sample
 * x of the student is {@code (s_q - s_m) / alpha}, the score of q less that of the mixture. SMD
 * learns the mixture's score. Here it follows from what there is: as {@code m s_m = alpha p s_p +
 * (1 - alpha) q s_q}, the gradient is {@code w (s_q - s_p)} with
 *
 * <pre>{@code w = p / m = r / (alpha r + 1 - alpha),  r = p / q,}</pre>
 *
 * the {@link ScoreGradient} with a weight of each sample's own. As alpha goes to 1, w goes to 1,
 * the reverse KL divergence of {@code dmd}; as it goes to 0, w goes to r, the forward KL
 * divergence.
 *
 * <p>The ratio comes from a critic with the logistic loss, at whose optimum the logit is {@code log
 * r}. It is trained where there are samples of both: on the ends of both scores' ODE steps, as in
 * {@code adm}. So r compares the student's law with that moved one step by the teacher, which is 1
 * where they agree, but nearer to 1 than p/q where they are far apart.
 */
final class JsSkewLoss implements DivergenceLoss {
  private final ScoreGradient gradient = new ScoreGradient();
  private final AdmLoss gan = new AdmLoss(new SoftplusLoss());
  private final double alpha;

  /**
   * @param alpha the teacher's share of the mixture, in (0, 1)
   */
  JsSkewLoss(double alpha) {
    this.alpha = alpha;
  }

  @Override
  public Set<Input> inputs() {
    return Set.of(Input.CLEAN_ESTIMATES, Input.ODE_STEPS);
  }

  @Override
  public boolean hasCritic() {
    return true;
  }

  @Override
  public Map<String, Long> counters() {
    return gradient.counters();
  }

  @Override
  @SuppressWarnings("try") // the mode acts by being open
  public NDArray generator(ScoreEstimates estimates, Critic critic) {
    NDArray weight;
    try (Autograd.Mode paused = Autograd.paused()) {
      List<NDArray> logits = critic.logits(Ops.detach(estimates.requireFakeStep()), estimates.s());
      weight = weight(Logits.perSample(logits));
    }
    return gradient.loss(estimates, weight);
  }

  /** {@code w = sigmoid(log r + log(alpha / (1 - alpha))) / alpha}. */
  private NDArray weight(NDArray logRatio) {
    NDArray logit = logRatio.add((float) Math.log(alpha / (1 - alpha)));
    NDArray logSigmoid = Ops.softplus(logit.neg()).neg();
    return Ops.times(logSigmoid.exp(), 1 / alpha);
  }

  @Override
  public NDArray critic(ScoreEstimates estimates, Critic critic) {
    return gan.critic(estimates, critic);
  }
}
