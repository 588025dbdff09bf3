package dmdx.nn.torch;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** What Linux tells of this process's memory. */
public final class ProcessStatus {
  private static final Path FILE = Path.of("/proc/self/status");

  private ProcessStatus() {}

  /** Whether there is such a file. */
  public static boolean isTold() {
    return Files.exists(FILE);
  }

  /**
   * The KiB of a line.
   *
   * @param name such as {@code VmRSS}
   */
  public static long kibibytes(String name) throws IOException {
    String line =
        Files.readAllLines(FILE).stream()
            .filter(text -> text.startsWith(name + ":"))
            .findFirst()
            .orElseThrow();
    return Long.parseLong(line.replaceAll("\\D", ""));
  }
}
