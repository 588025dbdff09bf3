package dmdx.nn.torch;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import com.sun.jna.Platform;
import dmdx.nn.torch.Prefetch.Use;
import java.io.IOException;
import java.nio.MappedByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class PrefetchTests {
  private static final int BYTES = 64 << 20;
  private static final int FLOATS = BYTES / Float.BYTES;

  @TempDir Path folder;
  private final NDManager manager = NDManager.newBaseManager();

  @BeforeEach
  void onLinux() {
    assumeTrue(Platform.isLinux() && ProcessStatus.isTold());
  }

  @AfterEach
  void close() {
    manager.close();
  }

  /** Bytes of files that are set up in the memory of this process. */
  private static long mapped() throws IOException {
    return 1024 * (ProcessStatus.kibibytes("RssFile") + ProcessStatus.kibibytes("RssShmem"));
  }

  private static void awaitMapped(long expected) throws IOException, InterruptedException {
    for (int i = 0; i < 200 && mapped() < expected; i++) {
      Thread.sleep(50);
    }
    long found = mapped();
    assertTrue(found >= expected, "%d bytes, expected at least %d".formatted(found, expected));
  }

  private static void awaitResident(NDArray x) throws InterruptedException {
    long bytes = x.size() * Float.BYTES;
    for (int i = 0; i < 200 && !Prefetch.isResident(Dispatcher.address(x), bytes); i++) {
      Thread.sleep(50);
    }
    assertTrue(Prefetch.isResident(Dispatcher.address(x), bytes));
  }

  @ParameterizedTest
  @EnumSource(Use.class)
  void scratch_memory_is_there_before_anybody_touches_it(Use use) throws InterruptedException {
    try (ScratchFile file = ScratchFile.create(folder, BYTES)) {
      NDArray all = file.tensor(manager, FLOATS);
      NDArray part = Ops.slice(all, 0, FLOATS / 2, FLOATS);
      assertFalse(Prefetch.isResident(Dispatcher.address(part), BYTES / 2));
      file.prefetch(part, use);
      awaitResident(part);
      assertFalse(Prefetch.isResident(Dispatcher.address(all), BYTES), "only what was asked for");
      assertEquals(0, all.norm().getFloat());
    }
  }

  @Test
  void memory_that_will_change_is_ready_for_it() throws IOException, InterruptedException {
    try (ScratchFile file = ScratchFile.create(folder, BYTES)) {
      long before = mapped();
      file.prefetch(file.tensor(manager, FLOATS), Use.CHANGE);
      awaitMapped(before + BYTES - BYTES / 16);
    }
  }

  @Test
  void a_mapped_file_is_there_before_anybody_reads_it() throws IOException, InterruptedException {
    Path path = Files.write(folder.resolve("weights"), new byte[BYTES]);
    try (FileChannel channel = FileChannel.open(path)) {
      MappedByteBuffer memory = channel.map(FileChannel.MapMode.READ_ONLY, 0, BYTES);
      long before = mapped();
      Prefetch.begin(memory, false);
      awaitMapped(before + BYTES - BYTES / 16);
      assertEquals(0, memory.get(BYTES - 1));
    }
  }

  @Test
  void memory_elsewhere_is_left_alone() {
    try (ScratchFile file = ScratchFile.create(folder, 4096)) {
      NDArray other = manager.ones(new Shape(1 << 20));
      file.prefetch(other, Use.CHANGE);
      assertEquals(1 << 20, other.sum().getFloat());
    }
  }

  @Test
  void a_file_may_be_closed_while_it_is_brought() throws IOException, InterruptedException {
    long before = mapped();
    for (int i = 0; i < 20; i++) {
      try (ScratchFile file = ScratchFile.create(folder, BYTES);
          NDArray all = file.tensor(manager, FLOATS)) {
        file.prefetch(all, Use.CHANGE);
      }
    }
    try (ScratchFile file = ScratchFile.create(folder, BYTES)) { // the thread is alive
      file.prefetch(file.tensor(manager, FLOATS), Use.CHANGE);
      awaitMapped(before + BYTES - BYTES / 16);
    }
  }

  @Test
  void cleared_memory_is_zeros_for_all_who_look() {
    try (ScratchFile file = ScratchFile.create(folder, BYTES)) {
      NDArray all = file.tensor(manager, FLOATS);
      all.addi(3);
      assumeTrue(file.clear(), "the file system of the test can do it");
      assertEquals(0, all.norm().getFloat());
      all.addi(1);
      assertArrayEquals(new float[] {1, 1}, Ops.slice(all, 0, FLOATS - 2, FLOATS).toFloatArray());
    }
  }
}
