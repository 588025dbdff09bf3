package dmdx.api;

import ai.djl.ndarray.NDArray;

/**
 * The network of a variance-preserving schedule predicts {@code v = alpha eps - sigma x0}; hence
 * {@code x0 = alpha x_t - sigma v} and {@code eps = sigma x_t + alpha v}.
 */
public final class VelocityPrediction implements Parameterization {

  /** Stateless. */
  public VelocityPrediction() {}

  @Override
  public String name() {
    return "velocity";
  }

  @Override
  public String description() {
    return "the denoiser predicts v = alpha eps - sigma x0 (CogVideoX)";
  }

  @Override
  public NDArray target(NDArray x0, NDArray eps, double[] t, NoiseSchedule schedule) {
    return Diffusion.combine(
        eps,
        Diffusion.rows(eps, t, schedule::alpha),
        x0,
        Diffusion.rows(x0, t, u -> -schedule.sigma(u)));
  }

  @Override
  public NDArray x0(NDArray xt, NDArray output, double[] t, NoiseSchedule schedule) {
    return Diffusion.combine(
        xt,
        Diffusion.rows(xt, t, schedule::alpha),
        output,
        Diffusion.rows(xt, t, u -> -schedule.sigma(u)));
  }

  @Override
  public NDArray eps(NDArray xt, NDArray output, double[] t, NoiseSchedule schedule) {
    return Diffusion.combine(
        xt, Diffusion.rows(xt, t, schedule::sigma), output, Diffusion.rows(xt, t, schedule::alpha));
  }
}
