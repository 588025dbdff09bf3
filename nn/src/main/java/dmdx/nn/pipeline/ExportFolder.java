package dmdx.nn.pipeline;

import dmdx.api.CheckpointException;
import java.io.IOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.UUID;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** A folder that is there completely or not at all: written aside, renamed at the end. */
public final class ExportFolder {
  private ExportFolder() {}

  /** Writes what a folder is to hold. */
  @FunctionalInterface
  public interface Content {
    /**
     * @param folder an empty one
     */
    void writeTo(Path folder) throws IOException;
  }

  /**
   * Makes a folder with its content.
   *
   * @param folder must not exist or be empty
   * @throws CheckpointException if the folder has content or cannot be written; it is as before
   */
  public static void write(Path folder, Content content) {
    Path target = folder.toAbsolutePath().normalize();
    Path parent = target.getParent();
    if (parent == null || !isAbsentOrEmpty(target)) {
      throw new CheckpointException(
          folder + ": exists already. Export into a folder that does not exist or is empty.");
    }
    Path aside = parent.resolve("." + target.getFileName() + "." + UUID.randomUUID() + ".tmp");
    try {
      Files.createDirectories(aside);
      content.writeTo(aside);
      Files.deleteIfExists(target);
      Files.move(aside, target, StandardCopyOption.ATOMIC_MOVE);
    } catch (IOException e) {
      throw new CheckpointException(
          "%s: cannot be written (%s: %s). Check permissions and free space."
              .formatted(folder, e.getClass().getSimpleName(), e.getMessage()),
          e);
    } finally {
      deleteIfLeft(aside);
    }
  }

  private static boolean isAbsentOrEmpty(Path folder) {
    if (Files.notExists(folder)) {
      return true;
    }
    try (Stream<Path> children = Files.list(folder)) {
      return children.findAny().isEmpty();
    } catch (IOException e) {
      return false;
    }
  }

  private static void deleteIfLeft(Path folder) {
    if (Files.notExists(folder)) {
      return;
    }
    try {
      Files.walkFileTree(
          folder,
          new SimpleFileVisitor<Path>() {
            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes)
                throws IOException {
              Files.delete(file);
              return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult postVisitDirectory(Path visited, @Nullable IOException e)
                throws IOException {
              Files.delete(visited);
              return FileVisitResult.CONTINUE;
            }
          });
    } catch (IOException e) {
      throw new CheckpointException(
          "%s: cannot be removed (%s). Delete it.".formatted(folder, e.getMessage()), e);
    }
  }
}
