package dmdx.runner.stage;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MachineMemoryTests {
  private static final long MIB = 1 << 20;
  @TempDir Path root;

  private void file(String name, String content) throws IOException {
    Path file = root.resolve(name);
    Files.createDirectories(file.getParent());
    Files.writeString(file, content);
  }

  private long available() {
    return new MachineMemory(root).availableBytes().orElseThrow();
  }

  @Test
  void is_not_told_by_a_system_without_such_files() {
    assertEquals(OptionalLong.empty(), new MachineMemory(root).availableBytes());
  }

  @Test
  void is_what_is_free_and_what_the_process_has() throws IOException {
    file("proc/meminfo", "MemTotal:  9000 kB\nMemAvailable:  8192 kB\n");
    assertEquals(8 * MIB, available());
    file("proc/self/status", "VmRSS:\t 4096 kB\nRssAnon:\t 1024 kB\nRssFile:\t 3072 kB\n");
    assertEquals(9 * MIB, available());
  }

  @Test
  void is_within_the_limit_of_a_control_group_in_which_files_can_be_given_up() throws IOException {
    file("proc/meminfo", "MemAvailable:  8192 kB\n");
    file("sys/fs/cgroup/memory.max", "max\n");
    file("sys/fs/cgroup/memory.current", 5 * MIB + "\n");
    assertEquals(8 * MIB, available());
    file("sys/fs/cgroup/memory.max", 6 * MIB + "\n");
    assertEquals(MIB, available());
    file("sys/fs/cgroup/memory.stat", "anon 1\ninactive_file 1048576\nactive_file 2097152\n");
    assertEquals(4 * MIB, available());
  }

  @Test
  void knows_the_older_layout_of_control_groups() throws IOException {
    file("proc/meminfo", "MemAvailable:  8192 kB\n");
    file("sys/fs/cgroup/memory/memory.limit_in_bytes", 6 * MIB + "\n");
    file("sys/fs/cgroup/memory/memory.usage_in_bytes", 5 * MIB + "\n");
    file("sys/fs/cgroup/memory/memory.stat", "active_file 7\ntotal_active_file 1048576\n");
    assertEquals(2 * MIB, available());
  }
}
