package dmdx.nn.torch;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ScratchFileTests {

  @ParameterizedTest
  @CsvSource({
    "28, there is no room, No space left on device",
    "122, there is no room, Disk quota exceeded",
    "13, it may not be written, Permission denied",
    "30, it may not be written, Read-only file system",
    "2, it is no folder, No such file or directory",
    "12, the process may use no more address space or files, Cannot allocate memory",
    "5, its disk or file system fails, Input/output error",
  })
  void a_failure_is_told_by_its_cause(int error, String finding, String reason) {
    String message =
        ScratchFile.failure(Path.of("scratch"), 40, "reserve space", error).getMessage();
    String expected =
        "scratch: cannot hold 40 bytes of training state: %s (failed to reserve space: %s). "
            .formatted(finding, reason);
    assertTrue(message.startsWith(expected), message);
    assertTrue(message.endsWith(" keep the role in memory."), message);
  }

  @Test
  void no_name_stays_behind(@TempDir Path folder) throws IOException {
    try (ScratchFile file = ScratchFile.create(folder.resolve("new"), 4096);
        var names = Files.list(folder.resolve("new"))) {
      assertEquals(0, names.count());
    }
  }
}
