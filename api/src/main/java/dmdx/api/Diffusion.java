package dmdx.api;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.util.function.DoubleUnaryOperator;

/** The forward process and the PF-ODE step, for any schedule and parameterization. */
public final class Diffusion {
  private Diffusion() {}

  /**
   * {@code x_t = alpha_t x0 + sigma_t eps} (Eq. 1).
   *
   * @param x0 clean latents {@code [B, …]}, float32
   * @param eps noise of the same shape
   * @param t one time per row
   * @return {@code x_t [B, …]}, float32
   */
  public static NDArray diffuse(NDArray x0, NDArray eps, double[] t, NoiseSchedule schedule) {
    return combine(x0, rows(x0, t, schedule::alpha), eps, rows(eps, t, schedule::sigma));
  }

  /**
   * One step of the probability-flow ODE from {@code t} to {@code s}: {@code x_s = alpha_s x0_hat +
   * sigma_s eps_hat}. This is DDIM for variance-preserving schedules and Euler for flow matching.
   *
   * @param xt latents at {@code t}, {@code [B, …]}, float32
   * @param output what the denoiser returned for them
   * @param s the target times, one per row
   * @return {@code x_s [B, …]}, float32
   */
  public static NDArray step(
      NDArray xt,
      NDArray output,
      double[] t,
      double[] s,
      Parameterization parameterization,
      NoiseSchedule schedule) {
    NDArray x0 = parameterization.x0(xt, output, t, schedule);
    NDArray eps = parameterization.eps(xt, output, t, schedule);
    return diffuse(x0, eps, s, schedule);
  }

  /**
   * Classifier-free guidance: {@code u + w (c - u)}.
   *
   * @param unconditional u, {@code [B, …]}
   * @param conditional c, {@code [B, …]}
   * @param scale w, one per row
   * @return {@code [B, …]}
   */
  public static NDArray guide(NDArray unconditional, NDArray conditional, double[] scale) {
    NDArray w = rows(unconditional, scale, u -> u);
    return unconditional.add(conditional.sub(unconditional).mul(w));
  }

  /**
   * One value per row as a tensor {@code [B, 1, …]} that broadcasts over {@code like}, owned by the
   * manager of {@code like}.
   */
  public static NDArray rows(NDArray like, double[] t, DoubleUnaryOperator value) {
    if (like.getShape().get(0) != t.length) {
      throw new IllegalArgumentException(
          "%d times for a tensor %s; one time per row is needed"
              .formatted(t.length, like.getShape()));
    }
    float[] values = new float[t.length];
    for (int i = 0; i < t.length; i++) {
      values[i] = (float) value.applyAsDouble(t[i]);
    }
    long[] shape = new long[like.getShape().dimension()];
    java.util.Arrays.fill(shape, 1);
    shape[0] = t.length;
    NDManager manager = like.getManager();
    // a copy, as the tensor on the array's memory may not outlive the array in a gradient's graph
    try (NDArray lent = manager.create(values, new Shape(shape))) {
      return lent.getDevice().equals(like.getDevice())
          ? lent.duplicate()
          : lent.toDevice(like.getDevice(), false);
    }
  }

  /** The same value for every row of a tensor. */
  public static double[] filled(NDArray like, double value) {
    return filled((int) like.getShape().get(0), value);
  }

  /** The same value for every row. */
  public static double[] filled(int rows, double value) {
    double[] values = new double[rows];
    java.util.Arrays.fill(values, value);
    return values;
  }

  /** {@code a x + b y}. */
  static NDArray combine(NDArray x, NDArray a, NDArray y, NDArray b) {
    return x.mul(a).add(y.mul(b));
  }
}
