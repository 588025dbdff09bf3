package dmdx.losses;

import ai.djl.ndarray.NDArray;
import dmdx.api.AdversarialLoss;
import dmdx.nn.torch.Ops;
import java.util.List;

/**
 * The hinge GAN loss (Eq. 7 to 10): the generator minimises {@code -D(fake)}, the discriminator
 * {@code max(0, 1 + D(fake)) + max(0, 1 - D(real))}. At its optimum the generator minimises the
 * total variation distance (Sec. 4.3.3).
 */
public final class HingeLoss implements AdversarialLoss {

  /** Stateless. */
  public HingeLoss() {}

  @Override
  public String name() {
    return "hinge";
  }

  @Override
  public String description() {
    return "hinge loss on every logit, averaged over positions, then over heads";
  }

  @Override
  public NDArray generator(List<NDArray> fake) {
    return Logits.mean(fake, NDArray::neg);
  }

  @Override
  public NDArray discriminator(List<NDArray> real, List<NDArray> fake) {
    return Logits.sum(real, d -> Ops.relu(d.neg().add(1f)), fake, d -> Ops.relu(d.add(1f)));
  }
}
