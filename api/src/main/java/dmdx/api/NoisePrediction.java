package dmdx.api;

import ai.djl.ndarray.NDArray;

/** The network predicts the noise (Eq. 2): {@code x0 = (x_t - sigma eps) / alpha}. */
public final class NoisePrediction implements Parameterization {

  /** Stateless. */
  public NoisePrediction() {}

  @Override
  public String name() {
    return "noise";
  }

  @Override
  public String description() {
    return "the denoiser predicts the noise eps (SDXL)";
  }

  @Override
  public NDArray target(NDArray x0, NDArray eps, double[] t, NoiseSchedule schedule) {
    return eps;
  }

  @Override
  public NDArray x0(NDArray xt, NDArray output, double[] t, NoiseSchedule schedule) {
    return Diffusion.combine(
        xt,
        Diffusion.rows(xt, t, u -> 1 / schedule.alpha(u)),
        output,
        Diffusion.rows(xt, t, u -> -schedule.sigma(u) / schedule.alpha(u)));
  }

  @Override
  public NDArray eps(NDArray xt, NDArray output, double[] t, NoiseSchedule schedule) {
    return output;
  }
}
