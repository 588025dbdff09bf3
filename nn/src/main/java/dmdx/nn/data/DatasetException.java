package dmdx.nn.data;

/** A data set cannot be used. The message names file and line. */
public final class DatasetException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /**
   * @param message what is wrong, where, and what was expected
   */
  public DatasetException(String message) {
    super(message);
  }
}
