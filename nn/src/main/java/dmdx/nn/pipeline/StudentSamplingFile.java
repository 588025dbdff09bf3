package dmdx.nn.pipeline;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dmdx.api.CheckpointException;
import dmdx.api.StudentSampling;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** {@code dmdx_student.json}: how the student of a folder is sampled. */
public final class StudentSamplingFile {
  /** Name of the file. */
  public static final String NAME = "dmdx_student.json";

  private static final JsonMapper JSON =
      JsonMapper.builder()
          .enable(SerializationFeature.INDENT_OUTPUT)
          .enable(DeserializationFeature.FAIL_ON_MISSING_CREATOR_PROPERTIES)
          .build();

  private StudentSamplingFile() {}

  /** Whether the folder holds a student. */
  public static boolean exists(Path folder) {
    return Files.isRegularFile(folder.resolve(NAME));
  }

  /** The file's content, for writers that put it in place themselves. */
  public static byte[] bytes(StudentSampling sampling) {
    try {
      return JSON.writeValueAsBytes(sampling);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("a student's sampling can always be written", e);
    }
  }

  /**
   * @throws CheckpointException if there is no such file or it cannot be understood
   */
  public static StudentSampling read(Path folder) {
    Path file = folder.resolve(NAME);
    try {
      return JSON.readValue(file.toFile(), StudentSampling.class);
    } catch (IOException e) {
      throw new CheckpointException("%s: cannot be read (%s)".formatted(file, e.getMessage()), e);
    }
  }
}
