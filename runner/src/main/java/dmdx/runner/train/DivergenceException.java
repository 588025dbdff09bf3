package dmdx.runner.train;

/** Training left the realm of finite numbers. The last checkpoint is intact. */
public final class DivergenceException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  public DivergenceException(String message) {
    super(message);
  }
}
