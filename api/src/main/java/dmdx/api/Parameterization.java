package dmdx.api;

import ai.djl.ndarray.NDArray;
import java.util.List;

/**
 * What a denoiser's output means. Any two parameterizations convert into each other through {@code
 * (x0, eps)}.
 *
 * <p>All tensors are float32 {@code [B, …]}; {@code t} holds one time per row, in the schedule's
 * units. Gradients flow through every tensor argument.
 */
public interface Parameterization extends Plugin {

  @Override
  default String kind() {
    return "parameterization";
  }

  /** The regression target of pre-training (Eq. 2, Eq. 3), {@code [B, …]}. */
  NDArray target(NDArray x0, NDArray eps, double[] t, NoiseSchedule schedule);

  /** The clean estimate in {@code (x_t, output)}, {@code [B, …]}. */
  NDArray x0(NDArray xt, NDArray output, double[] t, NoiseSchedule schedule);

  /** The noise estimate in {@code (x_t, output)}, {@code [B, …]}. */
  NDArray eps(NDArray xt, NDArray output, double[] t, NoiseSchedule schedule);

  /** The parameterizations of this module. */
  static List<Parameterization> builtIn() {
    return List.of(new NoisePrediction(), new VelocityPrediction(), new FlowPrediction());
  }
}
