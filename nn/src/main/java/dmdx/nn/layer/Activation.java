package dmdx.nn.layer;

import ai.djl.ndarray.NDArray;
import dmdx.api.CheckpointException;
import dmdx.nn.torch.Ops;
import dmdx.nn.weights.ModelConfig;

/** What bends between the two layers of a feed-forward block. */
public enum Activation {
  /** {@code x sigmoid(1.702 x)}. */
  QUICK_GELU,
  /** {@code x Phi(x)}. */
  GELU,
  /** {@link #GELU}, approximated with tanh. */
  GELU_TANH,
  /** {@code max(0, x)}. */
  RELU,
  /** {@code x sigmoid(x)}, also known as swish. */
  SILU;

  /**
   * Reads CLIP's {@code hidden_act}, {@code quick_gelu} if it is absent.
   *
   * @throws CheckpointException naming file and key if it is another
   */
  public static Activation from(ModelConfig config) {
    String name = config.text("hidden_act", "quick_gelu");
    return switch (name) {
      case "quick_gelu" -> QUICK_GELU;
      case "gelu" -> GELU;
      default ->
          throw new CheckpointException(
              "%s: hidden_act is '%s', expected 'quick_gelu' or 'gelu'"
                  .formatted(config.path(), name));
    };
  }

  /** Of every element. */
  public NDArray of(NDArray x) {
    return switch (this) {
      case QUICK_GELU -> Ops.quickGelu(x);
      case GELU -> Ops.gelu(x);
      case GELU_TANH -> Ops.geluTanh(x);
      case RELU -> Ops.relu(x);
      case SILU -> Ops.silu(x);
    };
  }
}
