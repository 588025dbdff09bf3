package dmdx.losses;

import ai.djl.ndarray.NDArray;
import dmdx.api.AdversarialLoss;
import dmdx.api.DivergenceLoss;
import dmdx.api.ScoreEstimates;
import dmdx.nn.torch.Ops;
import java.util.Set;

/**
 * Adversarial distribution matching: both scores take one ODE step from the same {@code x_t}, and a
 * critic on the teacher's backbone tells {@code x_fake} from {@code x_real} at {@code t - dt}. The
 * generator minimises Eq. 7, the critic Eq. 8, or another GAN objective in their place.
 *
 * @param objective of generator and critic; the paper's is hinge
 */
record AdmLoss(AdversarialLoss objective) implements DivergenceLoss {

  @Override
  public Set<Input> inputs() {
    return Set.of(Input.ODE_STEPS, Input.DIFFERENTIABLE_FAKE);
  }

  @Override
  public boolean hasCritic() {
    return true;
  }

  @Override
  public NDArray generator(ScoreEstimates estimates, Critic critic) {
    return objective.generator(critic.logits(estimates.requireFakeStep(), estimates.s()));
  }

  @Override
  public NDArray critic(ScoreEstimates estimates, Critic critic) {
    NDArray real = Ops.detach(estimates.requireRealStep());
    NDArray fake = Ops.detach(estimates.requireFakeStep());
    return objective.discriminator(
        critic.logits(real, estimates.s()), critic.logits(fake, estimates.s()));
  }
}
