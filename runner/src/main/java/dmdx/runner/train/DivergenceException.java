package dmdx.runner.train;

/** Training left the realm of finite numbers. What was saved before is intact. */
public final class DivergenceException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  public DivergenceException(String message) {
    super(message);
  }
}
