package dmdx.nn.torch;

/**
 * An operation failed inside libtorch. The message names the operation, its operands and the cause.
 */
public final class TorchException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  TorchException(String message) {
    super(message);
  }
}
