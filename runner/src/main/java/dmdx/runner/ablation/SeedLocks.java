package dmdx.runner.ablation;

import dmdx.api.CheckpointException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;

/** Keeps other processes from the same seeds of an ablation; released by closing or by exiting. */
final class SeedLocks implements AutoCloseable {
  private final List<FileChannel> channels = new ArrayList<>();

  /**
   * @param folder the ablation's, made if need be
   * @throws CheckpointException if another process holds one of the seeds
   */
  SeedLocks(Path folder, List<Integer> seeds) {
    try {
      Files.createDirectories(folder);
      for (int seed : seeds) {
        lock(folder, seed);
      }
    } catch (IOException e) {
      close();
      throw new UncheckedIOException("%s: cannot be locked".formatted(folder), e);
    } catch (RuntimeException e) {
      close();
      throw e;
    }
  }

  private void lock(Path folder, int seed) throws IOException {
    FileChannel channel =
        FileChannel.open(
            folder.resolve(".lock-" + seed), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
    channels.add(channel);
    boolean free;
    try {
      free = channel.tryLock() != null; // held until the channel is closed
    } catch (OverlappingFileLockException e) {
      free = false;
    }
    if (!free) {
      throw new CheckpointException(
          "%s: another process is at work on seed %d. Wait for it to end, or name other seeds with --seeds."
              .formatted(folder, seed));
    }
  }

  @Override
  public void close() {
    for (FileChannel channel : channels) {
      try {
        channel.close();
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }
}
