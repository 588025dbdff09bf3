package dmdx.losses;

import ai.djl.ndarray.NDArray;
import dmdx.api.AdversarialLoss;
import dmdx.nn.torch.Ops;
import java.util.List;

/**
 * The non-saturating GAN loss (Goodfellow et al. 2014): the generator minimises {@code
 * softplus(-D(fake)) = -log sigmoid(D(fake))}, the discriminator the logistic loss {@code
 * softplus(D(fake)) + softplus(-D(real))}, at whose optimum {@code D = log p_real / p_fake}.
 */
public final class SoftplusLoss implements AdversarialLoss {

  /** Stateless. */
  public SoftplusLoss() {}

  @Override
  public String name() {
    return "softplus";
  }

  @Override
  public String description() {
    return "non-saturating logistic loss on every logit, averaged over positions, then over heads";
  }

  @Override
  public NDArray generator(List<NDArray> fake) {
    return Logits.mean(fake, d -> Ops.softplus(d.neg()));
  }

  @Override
  public NDArray discriminator(List<NDArray> real, List<NDArray> fake) {
    return Logits.sum(real, d -> Ops.softplus(d.neg()), fake, Ops::softplus);
  }
}
