package dmdx.runner.report;

import java.util.List;

/**
 * Which of the process's outputs a person looks at.
 *
 * <p>Java cannot tell one output from the other, so the launcher says it in the system property
 * {@code dmdx.terminal}: a comma-separated list of {@code out} and {@code err}.
 */
public final class Terminal {
  private Terminal() {}

  /** Whether standard output is a terminal. */
  public static boolean isOutput() {
    return is("out");
  }

  /** Whether standard error is a terminal. */
  public static boolean isError() {
    return is("err");
  }

  /** Whether standard output may be coloured. */
  public static boolean isColoured() {
    return isOutput() && System.getenv("NO_COLOR") == null;
  }

  @SuppressWarnings(
      "SystemConsoleNull") // the launcher says what is a terminal; this is the fallback
  private static boolean is(String stream) {
    return List.of(System.getProperty("dmdx.terminal", "").split(",", -1)).contains(stream);
  }
}
