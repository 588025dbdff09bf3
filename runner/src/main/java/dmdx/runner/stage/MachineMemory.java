package dmdx.runner.stage;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalLong;
import java.util.stream.LongStream;
import java.util.stream.Stream;

/**
 * The memory this process may use: what is free, within the limits it runs under. Pages of files
 * count as free, since the system gives them up when memory is short.
 *
 * @param root of the system's files: {@code /}
 */
record MachineMemory(Path root) {

  /** Where a control group tells its limit, its use and what that consists of. */
  private record Group(String limit, String use, String stat, String prefix) {}

  /** The two layouts. */
  private static final List<Group> GROUPS =
      List.of(
          new Group(
              "sys/fs/cgroup/memory.max",
              "sys/fs/cgroup/memory.current",
              "sys/fs/cgroup/memory.stat",
              ""),
          new Group(
              "sys/fs/cgroup/memory/memory.limit_in_bytes",
              "sys/fs/cgroup/memory/memory.usage_in_bytes",
              "sys/fs/cgroup/memory/memory.stat",
              "total_"));

  /** Bytes, this process's own included; empty where the system does not tell. */
  static OptionalLong available() {
    return new MachineMemory(Path.of("/")).availableBytes();
  }

  OptionalLong availableBytes() {
    OptionalLong free = value("proc/meminfo", "MemAvailable:");
    if (free.isEmpty()) {
      return free;
    }
    long own = kibibytes(value("proc/self/status", "RssAnon:"));
    return LongStream.concat(
            LongStream.of(kibibytes(free)), GROUPS.stream().flatMapToLong(this::left))
        .map(bytes -> bytes + own)
        .min();
  }

  private static long kibibytes(OptionalLong count) {
    return count.orElse(0) << 10;
  }

  /** What a group leaves, if it has a limit. */
  private LongStream left(Group group) {
    try {
      String limit = Files.readString(root.resolve(group.limit)).strip();
      long use = Long.parseLong(Files.readString(root.resolve(group.use)).strip());
      long files =
          Stream.of("inactive_file", "active_file")
              .mapToLong(key -> value(group.stat, group.prefix + key + " ").orElse(0))
              .sum();
      return limit.equals("max")
          ? LongStream.empty()
          : LongStream.of(Long.parseLong(limit) - (use - files));
    } catch (IOException | NumberFormatException e) {
      return LongStream.empty();
    }
  }

  /** The number in the line of a file that begins with a key. */
  private OptionalLong value(String file, String key) {
    try (Stream<String> lines = Files.lines(root.resolve(file))) {
      return lines
          .filter(line -> line.startsWith(key))
          .mapToLong(line -> Long.parseLong(line.substring(key.length()).replaceAll("\\D", "")))
          .findFirst();
    } catch (IOException e) {
      return OptionalLong.empty();
    }
  }
}
