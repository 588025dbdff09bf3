package dmdx.runner.stage;

import java.io.IOException;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;
import java.util.stream.Stream;

/**
 * Room for a run's files, in bytes; {@link Long#MAX_VALUE} where the system does not tell.
 *
 * @param scratch for scratch files
 * @param folder for what stays in the run's folder
 * @param one whether both are the same room
 */
public record FreeDisk(long scratch, long folder, boolean one) {

  /**
   * What is free now.
   *
   * @param scratch folder of scratch files; need not be there
   * @param folder the run's; need not be there
   * @param replaced bytes of files in it that the run replaces
   */
  static FreeDisk of(Path scratch, Path folder, long replaced) {
    try {
      FileStore forScratch = store(scratch);
      FileStore forFolder = store(folder);
      boolean one = forScratch.equals(forFolder);
      return new FreeDisk(
          forScratch.getUsableSpace() + (one ? replaced : 0),
          forFolder.getUsableSpace() + replaced,
          one);
    } catch (IOException e) {
      return new FreeDisk(Long.MAX_VALUE, Long.MAX_VALUE, false);
    }
  }

  private static FileStore store(Path folder) throws IOException {
    Path there =
        Stream.iterate(folder.toAbsolutePath(), Objects::nonNull, Path::getParent)
            .filter(Files::exists)
            .findFirst()
            .orElseThrow();
    return Files.getFileStore(there);
  }
}
