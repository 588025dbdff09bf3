package dmdx.api;

import ai.djl.ndarray.NDArray;

/**
 * The network of a straight path predicts {@code v = eps - x0} (Eq. 3): {@code x0 = x_t - sigma v}
 * and {@code eps = x_t + alpha v}, where {@code alpha + sigma = 1}.
 */
public final class FlowPrediction implements Parameterization {

  /** Stateless. */
  public FlowPrediction() {}

  @Override
  public String name() {
    return "flow";
  }

  @Override
  public String description() {
    return "the denoiser predicts v = eps - x0 on a straight path (SD3, rectified flow)";
  }

  @Override
  public NDArray target(NDArray x0, NDArray eps, double[] t, NoiseSchedule schedule) {
    return eps.sub(x0);
  }

  @Override
  public NDArray x0(NDArray xt, NDArray output, double[] t, NoiseSchedule schedule) {
    return xt.sub(output.mul(Diffusion.rows(output, t, schedule::sigma)));
  }

  @Override
  public NDArray eps(NDArray xt, NDArray output, double[] t, NoiseSchedule schedule) {
    return xt.add(output.mul(Diffusion.rows(output, t, schedule::alpha)));
  }
}
