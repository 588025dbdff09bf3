package dmdx.runner.train;

/**
 * Whether the process has been asked to end (Ctrl-C, SIGTERM). A signal belongs to the process, and
 * so does this.
 */
public final class StopRequest {
  private static volatile boolean made;

  private StopRequest() {}

  /** Asks running stages to stop after the step they are in. */
  public static void make() {
    made = true;
  }

  public static boolean isMade() {
    return made;
  }

  /**
   * Stops here if that was asked for.
   *
   * @param state what is kept, for the message
   */
  public static void check(String state) {
    if (made) {
      throw new Stopped(state);
    }
  }

  /** The work ended because the process was asked to. */
  public static final class Stopped extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private Stopped(String message) {
      super(message);
    }
  }
}
