package dmdx.losses;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import dmdx.api.DivergenceLoss;
import dmdx.api.ScoreEstimates;
import dmdx.nn.torch.Ops;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;

/**
 * The DMD loss (Eq. 4 to 6): {@code L = 0.5 mean |x0_hat - sg(x0_hat - g)|^2} with {@code g =
 * (fake_x0 - real_x0) / mean |x0_hat - real_x0|}, the mean of each sample on its own. Its gradient
 * at {@code x0_hat} is {@code g} over the number of elements, its value {@code 0.5 mean g^2}; the
 * value needs no autograd, so the loss also serves as a probe.
 *
 * <p>Entries of {@code g} that are no finite numbers count as 0 and in {@link #counters()}.
 */
final class DmdLoss implements DivergenceLoss {
  private final AtomicLong nonFinite = new AtomicLong();

  @Override
  public Set<Input> inputs() {
    return Set.of(Input.CLEAN_ESTIMATES);
  }

  @Override
  public Map<String, Long> counters() {
    return Map.of("non_finite_gradients", nonFinite.get());
  }

  @Override
  public NDArray generator(ScoreEstimates estimates, Critic critic) {
    NDArray student = estimates.student();
    NDArray constant = Ops.detach(student);
    NDArray gradient =
        gradient(
            constant,
            Ops.detach(estimates.requireFakeClean()),
            Ops.detach(estimates.requireRealClean()));
    return Ops.times(student.sub(constant.sub(gradient)).square().mean(), 0.5);
  }

  private NDArray gradient(NDArray student, NDArray fake, NDArray real) {
    NDArray distance = rows(student.sub(real)).abs().mean(new int[] {1}, true);
    NDArray g = rows(fake.sub(real)).div(distance).reshape(student.getShape());
    NDArray broken = g.isNaN().logicalOr(g.isInfinite());
    long count = broken.countNonzero().getLong();
    if (count == 0) {
      return g;
    }
    nonFinite.addAndGet(count);
    return NDArrays.where(broken, g.zerosLike(), g);
  }

  /** One row per sample: {@code [B, -1]}. */
  private static NDArray rows(NDArray x) {
    return x.reshape(x.getShape().get(0), -1);
  }
}
