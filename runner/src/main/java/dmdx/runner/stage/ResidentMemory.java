package dmdx.runner.stage;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.OptionalDouble;

/** The memory the process really occupies, heap and tensors alike; known on Linux only. */
final class ResidentMemory {
  private static final Path STATUS = Path.of("/proc/self/status");

  private ResidentMemory() {}

  /** Forgets the highest value so far, where the system allows that. */
  static void resetPeak() {
    try {
      Files.writeString(Path.of("/proc/self/clear_refs"), "5");
    } catch (IOException e) {
      // the peak then is that of the process's whole life
    }
  }

  /** The highest value so far, in bytes; -1 if unknown. */
  static long peakBytes() {
    OptionalDouble peak = value("VmHWM:");
    return peak.isPresent() ? (long) (peak.getAsDouble() * (1 << 20)) : -1;
  }

  static OptionalDouble mebibytes() {
    return value("VmRSS:");
  }

  private static OptionalDouble value(String key) {
    if (!Files.isReadable(STATUS)) {
      return OptionalDouble.empty();
    }
    try {
      return Files.readAllLines(STATUS).stream()
          .filter(line -> line.startsWith(key))
          .mapToDouble(line -> Double.parseDouble(line.replaceAll("\\D", "")) / 1024)
          .findFirst();
    } catch (IOException e) {
      return OptionalDouble.empty();
    }
  }
}
