package dmdx.losses;

import ai.djl.ndarray.NDArray;
import dmdx.api.DivergenceLoss;
import dmdx.api.ScoreEstimates;
import dmdx.nn.torch.Ops;
import java.util.Set;

/**
 * Score identity distillation (SiD, Zhou et al. 2024, arXiv 2404.04057, Sec. 4): the Fisher
 * divergence, the mean squared difference of the scores at {@code x_t}.
 *
 * <p>With clean estimates F (real) and f (fake) and {@code d = F - f}, the scores differ by {@code
 * d} up to a factor of time, so the divergence is {@code L1 = E |d|^2}. Where f is the student's
 * own posterior mean, {@code E d.f = E d.x0_hat}, so {@code L2 = E d.(F - x0_hat)} has the same
 * value. With an f that is learnt and held constant both are biased; what trains well is {@code L2
 * - alpha L1}, of a sample
 *
 * <pre>{@code ((1 - alpha) |d|^2 + d.(f - x0_hat)) / (n mean |x0_hat - F|)}</pre>
 *
 * with n elements and a constant denominator. At {@code alpha = 1/2} its gradient is half that of
 * the divergence. Gradients pass through {@code x_t} and both networks, whose weights are constant.
 *
 * @param alpha share of L1 that is taken off; SiD uses 1 and 1.2
 */
record FisherLoss(double alpha) implements DivergenceLoss {
  private static final float MIN_DISTANCE = 1e-5f;

  @Override
  public Set<Input> inputs() {
    return Set.of(Input.CLEAN_ESTIMATES, Input.DIFFERENTIABLE_FAKE, Input.DIFFERENTIABLE_REAL);
  }

  @Override
  public NDArray generator(ScoreEstimates estimates, Critic critic) {
    NDArray student = estimates.student();
    NDArray fake = estimates.requireFakeClean();
    NDArray real = estimates.requireRealClean();
    NDArray distance =
        ScoreGradient.distance(Ops.detach(student), Ops.detach(real)).maximum(MIN_DISTANCE);
    NDArray d = real.sub(fake);
    NDArray product = d.mul(Ops.times(d, 1 - alpha).add(fake.sub(student)));
    return Logits.rows(product).div(distance).mean();
  }
}
