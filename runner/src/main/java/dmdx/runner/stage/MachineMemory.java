package dmdx.runner.stage;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalLong;
import java.util.stream.LongStream;

/** The memory this process may use: what is free, within the limits it runs under. */
final class MachineMemory {
  private static final Path INFO = Path.of("/proc/meminfo");

  /** Limit and use of the control group, in its two layouts. */
  private static final List<List<Path>> GROUPS =
      List.of(
          List.of(Path.of("/sys/fs/cgroup/memory.max"), Path.of("/sys/fs/cgroup/memory.current")),
          List.of(
              Path.of("/sys/fs/cgroup/memory/memory.limit_in_bytes"),
              Path.of("/sys/fs/cgroup/memory/memory.usage_in_bytes")));

  private MachineMemory() {}

  /** Bytes, this process's own included; empty where the system does not tell. */
  static OptionalLong available() {
    OptionalLong free = free();
    if (free.isEmpty()) {
      return free;
    }
    long own = Math.round(ResidentMemory.mebibytes().orElse(0) * (1 << 20));
    return LongStream.concat(
            LongStream.of(free.getAsLong()), GROUPS.stream().flatMapToLong(MachineMemory::left))
        .map(bytes -> bytes + own)
        .min();
  }

  private static OptionalLong free() {
    try {
      return Files.readAllLines(INFO).stream()
          .filter(line -> line.startsWith("MemAvailable:"))
          .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")) << 10)
          .findFirst();
    } catch (IOException e) {
      return OptionalLong.empty();
    }
  }

  /** What a group leaves, if it has a limit. */
  private static LongStream left(List<Path> limitAndUse) {
    try {
      String limit = Files.readString(limitAndUse.get(0)).strip();
      String use = Files.readString(limitAndUse.get(1)).strip();
      return limit.equals("max")
          ? LongStream.empty()
          : LongStream.of(Long.parseLong(limit) - Long.parseLong(use));
    } catch (IOException | NumberFormatException e) {
      return LongStream.empty();
    }
  }
}
