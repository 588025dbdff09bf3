package dmdx.runner.stage;

import ai.djl.ndarray.NDManager;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import dmdx.api.CheckpointException;
import dmdx.api.StudentSampling;
import dmdx.api.network.Weights;
import dmdx.runner.checkpoint.Folders;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * A student's folder: its trained weights, as {@link Tuning} lays them out, and {@code
 * dmdx_student.json}, which says how it is sampled. The JSON file is written last and marks the
 * folder as complete.
 */
final class StudentFiles {
  private static final ObjectMapper JSON =
      new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT);
  static final String SAMPLING = "dmdx_student.json";

  private StudentFiles() {}

  static boolean exists(Path folder) {
    return Files.isRegularFile(folder.resolve(SAMPLING));
  }

  static void write(Path folder, Tuning tuning, Weights trained, StudentSampling sampling) {
    try {
      Files.createDirectories(folder);
      tuning.write(folder, trained);
      Folders.replace(folder.resolve(SAMPLING), JSON.writeValueAsBytes(sampling));
    } catch (IOException e) {
      throw new CheckpointException(
          "%s: cannot be written (%s)".formatted(folder, e.getMessage()), e);
    }
  }

  /** The trained weights, owned by {@code owner}. */
  static Weights trained(Path folder, Tuning tuning, NDManager owner) {
    requireStudent(folder);
    return tuning.read(folder, owner);
  }

  static StudentSampling sampling(Path folder) {
    requireStudent(folder);
    try {
      return JSON.readValue(folder.resolve(SAMPLING).toFile(), StudentSampling.class);
    } catch (IOException e) {
      throw new CheckpointException(
          "%s: cannot be read (%s)".formatted(folder.resolve(SAMPLING), e.getMessage()), e);
    }
  }

  private static void requireStudent(Path folder) {
    if (!exists(folder)) {
      throw new CheckpointException(
          "%s: holds no finished student. Run the stage that makes it, or correct the stage that starts from it."
              .formatted(folder));
    }
  }
}
