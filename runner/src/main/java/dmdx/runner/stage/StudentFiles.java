package dmdx.runner.stage;

import ai.djl.ndarray.NDManager;
import dmdx.api.CheckpointException;
import dmdx.api.StudentSampling;
import dmdx.api.network.Weights;
import dmdx.nn.pipeline.StudentSamplingFile;
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
  private StudentFiles() {}

  static boolean exists(Path folder) {
    return StudentSamplingFile.exists(folder);
  }

  static void write(Path folder, Tuning tuning, Weights trained, StudentSampling sampling) {
    try {
      Files.createDirectories(folder);
      tuning.write(folder, trained);
      Folders.replace(
          folder.resolve(StudentSamplingFile.NAME), StudentSamplingFile.bytes(sampling));
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
    return StudentSamplingFile.read(folder);
  }

  private static void requireStudent(Path folder) {
    if (!exists(folder)) {
      throw new CheckpointException(
          "%s: holds no finished student. Run the stage that makes it, or correct the stage that starts from it."
              .formatted(folder));
    }
  }
}
