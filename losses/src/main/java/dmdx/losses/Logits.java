package dmdx.losses;

import ai.djl.ndarray.NDArray;
import dmdx.nn.torch.Ops;
import java.util.List;
import java.util.function.UnaryOperator;

/** What GAN objectives have in common. */
final class Logits {
  private Logits() {}

  /** {@code loss} of every logit, averaged over the positions of a map, then over maps. */
  static NDArray mean(List<NDArray> logits, UnaryOperator<NDArray> loss) {
    if (logits.isEmpty()) {
      throw new IllegalArgumentException("no logits; a discriminator has at least one head");
    }
    NDArray sum = loss.apply(logits.get(0)).mean();
    for (NDArray d : logits.subList(1, logits.size())) {
      sum = sum.add(loss.apply(d).mean());
    }
    return Ops.times(sum, 1.0 / logits.size());
  }

  /** A discriminator's two terms. */
  static NDArray sum(
      List<NDArray> real,
      UnaryOperator<NDArray> ofReal,
      List<NDArray> fake,
      UnaryOperator<NDArray> ofFake) {
    if (real.size() != fake.size()) {
      throw new IllegalArgumentException(
          "%d maps of real and %d of fake logits; one pair per head is needed"
              .formatted(real.size(), fake.size()));
    }
    return mean(fake, ofFake).add(mean(real, ofReal));
  }

  /** One value a sample {@code [B, 1]}: the mean over its positions, then over maps. */
  static NDArray perSample(List<NDArray> logits) {
    NDArray sum = rows(logits.get(0)).mean(new int[] {1}, true);
    for (NDArray d : logits.subList(1, logits.size())) {
      sum = sum.add(rows(d).mean(new int[] {1}, true));
    }
    return Ops.times(sum, 1.0 / logits.size());
  }

  /** One row per sample: {@code [B, -1]}. */
  static NDArray rows(NDArray x) {
    return x.reshape(x.getShape().get(0), -1);
  }
}
