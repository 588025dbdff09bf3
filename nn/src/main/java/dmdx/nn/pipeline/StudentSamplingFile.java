package dmdx.nn.pipeline;

import dmdx.api.CheckpointException;
import dmdx.api.StudentSampling;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * {@code dmdx_student.json}: how the student of a folder is sampled, and what it was distilled for.
 *
 * <pre>
 * {"parameterization": "flow", "schedule": "flow", "timesteps": [1000.0], "guidance": 1.0,
 *  "origin": {"teacher": "sdxl", "size": {"height": 1024, "width": 1024, "frames": 1}}}
 * </pre>
 *
 * {@code origin} may be null or absent.
 */
public final class StudentSamplingFile {
  /** Name of the file. */
  public static final String NAME = "dmdx_student.json";

  private StudentSamplingFile() {}

  /** Whether the folder holds a student. */
  public static boolean exists(Path folder) {
    return Files.isRegularFile(folder.resolve(NAME));
  }

  /** The file's content, for writers that put it in place themselves. */
  public static byte[] bytes(StudentSampling sampling) {
    return RecordFile.bytes(sampling);
  }

  /**
   * @throws CheckpointException if there is no such file or it cannot be understood
   */
  public static StudentSampling read(Path folder) {
    return RecordFile.read(folder.resolve(NAME), StudentSampling.class, List.of("origin"));
  }
}
