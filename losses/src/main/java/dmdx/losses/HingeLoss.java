package dmdx.losses;

import ai.djl.ndarray.NDArray;
import dmdx.api.AdversarialLoss;
import dmdx.nn.torch.Ops;
import java.util.List;
import java.util.function.UnaryOperator;

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
    return meanOverHeads(fake, NDArray::neg);
  }

  @Override
  public NDArray discriminator(List<NDArray> real, List<NDArray> fake) {
    if (real.size() != fake.size()) {
      throw new IllegalArgumentException(
          "hinge: %d maps of real and %d of fake logits; one pair per head is needed"
              .formatted(real.size(), fake.size()));
    }
    return meanOverHeads(fake, d -> Ops.relu(d.add(1f)))
        .add(meanOverHeads(real, d -> Ops.relu(d.neg().add(1f))));
  }

  private static NDArray meanOverHeads(List<NDArray> logits, UnaryOperator<NDArray> loss) {
    if (logits.isEmpty()) {
      throw new IllegalArgumentException("hinge: no logits; a discriminator has at least one head");
    }
    NDArray sum = loss.apply(logits.get(0)).mean();
    for (NDArray d : logits.subList(1, logits.size())) {
      sum = sum.add(loss.apply(d).mean());
    }
    return Ops.times(sum, 1.0 / logits.size());
  }
}
