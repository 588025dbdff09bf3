package dmdx.nn.schedule;

import ai.djl.ndarray.NDArray;
import dmdx.nn.torch.Ops;

/** What the network of a variance-preserving scheduler predicts: {@code prediction_type}. */
public enum Prediction {
  /** The noise. */
  EPSILON,
  /** The clean latents. */
  SAMPLE,
  /** {@code sqrt(abar) eps - sqrt(1 - abar) x0}. */
  V_PREDICTION;

  /** The clean estimate, given {@code a = abar_t}. */
  NDArray clean(NDArray x, NDArray output, double a) {
    return switch (this) {
      case EPSILON -> sum(1 / Math.sqrt(a), x, -Math.sqrt((1 - a) / a), output);
      case SAMPLE -> output;
      case V_PREDICTION -> sum(Math.sqrt(a), x, -Math.sqrt(1 - a), output);
    };
  }

  /** The noise estimate, given {@code a = abar_t}. */
  NDArray noise(NDArray x, NDArray output, double a) {
    return switch (this) {
      case EPSILON -> output;
      case SAMPLE -> sum(1 / Math.sqrt(1 - a), x, -Math.sqrt(a / (1 - a)), output);
      case V_PREDICTION -> sum(Math.sqrt(a), output, Math.sqrt(1 - a), x);
    };
  }

  /** {@code a x + b y}. */
  static NDArray sum(double a, NDArray x, double b, NDArray y) {
    return Ops.times(x, a).add(Ops.times(y, b));
  }
}
