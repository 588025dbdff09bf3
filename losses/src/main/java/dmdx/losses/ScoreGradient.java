package dmdx.losses;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import dmdx.api.ScoreEstimates;
import dmdx.nn.torch.Ops;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * Losses whose gradient is given rather than derived: {@code L = 0.5 mean |x0_hat - sg(x0_hat -
 * g)|^2} has the gradient {@code g} over the number of elements at {@code x0_hat}, and the value
 * {@code 0.5 mean g^2}, which needs no autograd.
 *
 * <p>Here {@code g = w (fake_x0 - real_x0) / mean |x0_hat - real_x0|}, the mean of each sample on
 * its own; the difference of clean estimates is that of the scores, up to a positive factor of
 * time. Entries of {@code g} that are no finite numbers count as 0 and in {@link #counters()}.
 */
final class ScoreGradient {
  private final AtomicLong nonFinite = new AtomicLong();

  Map<String, Long> counters() {
    return Map.of("non_finite_gradients", nonFinite.get());
  }

  /**
   * @param weight w, one per sample {@code [B, 1]}, constant; {@code null} for 1
   * @return a scalar
   */
  NDArray loss(ScoreEstimates estimates, @Nullable NDArray weight) {
    NDArray student = estimates.student();
    NDArray constant = Ops.detach(student);
    NDArray gradient =
        gradient(
            constant,
            Ops.detach(estimates.requireFakeClean()),
            Ops.detach(estimates.requireRealClean()),
            weight);
    return Ops.times(student.sub(constant.sub(gradient)).square().mean(), 0.5);
  }

  private NDArray gradient(NDArray student, NDArray fake, NDArray real, @Nullable NDArray weight) {
    NDArray rows = Logits.rows(fake.sub(real)).div(distance(student, real));
    NDArray g = (weight == null ? rows : rows.mul(weight)).reshape(student.getShape());
    NDArray broken = g.isNaN().logicalOr(g.isInfinite());
    long count = broken.countNonzero().getLong();
    if (count == 0) {
      return g;
    }
    nonFinite.addAndGet(count);
    return NDArrays.where(broken, g.zerosLike(), g);
  }

  /** {@code mean |x0_hat - real_x0|} of each sample, {@code [B, 1]}. */
  static NDArray distance(NDArray student, NDArray real) {
    return Logits.rows(student.sub(real)).abs().mean(new int[] {1}, true);
  }
}
