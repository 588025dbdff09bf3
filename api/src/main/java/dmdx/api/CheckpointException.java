package dmdx.api;

import dmdx.api.settings.Names;
import java.util.List;

/** A checkpoint file or folder cannot be used. The message names file, tensor and remedy. */
public final class CheckpointException extends RuntimeException {
  private static final long serialVersionUID = 1L;
  private static final int LISTED = 20;

  public CheckpointException(String message) {
    super(message);
  }

  public CheckpointException(String message, Throwable cause) {
    super(message, cause);
  }

  /**
   * All problems of one source together, a line each, at most twenty of them.
   *
   * @param where file or folder
   * @param what the matter, for instance {@code weights and config.json do not belong together}
   * @param remedy a sentence
   * @param problems at least one
   */
  public static CheckpointException listing(
      String where, String what, String remedy, List<String> problems) {
    StringBuilder message = new StringBuilder();
    String count = Names.count(problems.size(), "problem");
    message.append("%s: %s (%s). %s".formatted(where, what, count, remedy));
    problems.stream().limit(LISTED).forEach(problem -> line(message, problem));
    if (problems.size() > LISTED) {
      line(message, "and %d more".formatted(problems.size() - LISTED));
    }
    return new CheckpointException(message.toString());
  }

  private static void line(StringBuilder message, String text) {
    message.append(System.lineSeparator()).append("  ").append(text);
  }
}
