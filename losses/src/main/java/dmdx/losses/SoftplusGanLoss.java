package dmdx.losses;

import ai.djl.ndarray.NDArray;
import dmdx.api.DivergenceLoss;
import dmdx.api.ScoreEstimates;
import dmdx.nn.torch.Ops;
import java.util.Map;
import java.util.Set;

/**
 * The DMD loss with a GAN loss beside it (DMD2, Yin et al. 2024, arXiv 2405.14867, Sec. 4.3):
 * {@code dmdWeight L_dmd + weight softplus(-D(x_fake))}, the critic minimising {@code
 * softplus(D(x_fake)) + softplus(-D(x_real))}.
 *
 * <p>DMD2's critic sees diffused pictures of a data set and of the student. ADM trains without
 * data: here it sees the ends of the real and the fake score's ODE steps, as in {@code adm}.
 *
 * @param dmdWeight weight of the DMD loss; 0 for the GAN alone
 * @param weight weight of the GAN loss of the generator
 */
record SoftplusGanLoss(DmdLoss dmd, AdmLoss gan, double dmdWeight, double weight)
    implements DivergenceLoss {

  static SoftplusGanLoss of(double dmdWeight, double weight) {
    return new SoftplusGanLoss(new DmdLoss(), new AdmLoss(new SoftplusLoss()), dmdWeight, weight);
  }

  @Override
  public Set<Input> inputs() {
    return Set.of(Input.CLEAN_ESTIMATES, Input.ODE_STEPS, Input.DIFFERENTIABLE_FAKE);
  }

  @Override
  public boolean hasCritic() {
    return true;
  }

  @Override
  public Map<String, Long> counters() {
    return dmd.counters();
  }

  @Override
  public NDArray generator(ScoreEstimates estimates, Critic critic) {
    NDArray adversarial = Ops.times(gan.generator(estimates, critic), weight);
    return dmdWeight == 0
        ? adversarial
        : adversarial.add(Ops.times(dmd.generator(estimates, critic), dmdWeight));
  }

  @Override
  public NDArray critic(ScoreEstimates estimates, Critic critic) {
    return gan.critic(estimates, critic);
  }
}
