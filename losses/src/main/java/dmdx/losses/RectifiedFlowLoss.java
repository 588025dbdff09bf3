package dmdx.losses;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import dmdx.api.DivergenceLoss;
import dmdx.api.ScoreEstimates;
import dmdx.nn.torch.Ops;
import java.util.Arrays;
import java.util.Set;

/**
 * Rectified flow on ODE pairs: {@code mean |v_hat - v|^2}. On the straight path {@code x_t = (1-t)
 * x0 + t z} the student's clean sample is {@code x0_hat = x_t - t v_hat}, so {@code v_hat - v = (x0
 * - x0_hat) / t}.
 *
 * @param minTime the smallest t that is divided by; times are in [0, 1] here
 */
record RectifiedFlowLoss(double minTime) implements DivergenceLoss {

  @Override
  public Set<Input> inputs() {
    return Set.of(Input.ODE_PAIRS);
  }

  @Override
  public NDArray generator(ScoreEstimates estimates, Critic critic) {
    NDArray student = estimates.student();
    NDArray target = Ops.detach(estimates.requirePairTarget());
    return student.sub(target).mul(inverse(estimates.t(), student)).square().mean();
  }

  /** {@code 1 / max(t, minTime)} as {@code [B, 1, …]}. */
  private NDArray inverse(double[] t, NDArray like) {
    float[] values = new float[t.length];
    for (int i = 0; i < t.length; i++) {
      values[i] = (float) (1 / Math.max(t[i], minTime));
    }
    long[] shape = new long[like.getShape().dimension()];
    Arrays.fill(shape, 1);
    shape[0] = t.length;
    return Ops.constant(like, values, new Shape(shape));
  }
}
