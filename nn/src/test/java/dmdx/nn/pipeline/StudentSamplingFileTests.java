package dmdx.nn.pipeline;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dmdx.api.CheckpointException;
import dmdx.api.ImageSize;
import dmdx.api.PipelineOrigin;
import dmdx.api.StudentSampling;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class StudentSamplingFileTests {
  private static final StudentSampling UNKNOWN =
      new StudentSampling("flow", "flow", List.of(1000.0, 500.0), 1);

  @TempDir Path folder;

  private void write(String name, byte[] content) throws IOException {
    Files.write(folder.resolve(name), content);
  }

  @Test
  void what_a_student_was_distilled_for_is_read_back() throws IOException {
    PipelineOrigin clips = new PipelineOrigin("cogvideox", new ImageSize(480, 720, 49));
    write(StudentSamplingFile.NAME, StudentSamplingFile.bytes(UNKNOWN.distilledFor(clips)));
    assertEquals(UNKNOWN.distilledFor(clips), StudentSamplingFile.read(folder));
    assertEquals(clips, PipelineOriginFile.find(folder));
  }

  @Test
  void a_file_without_it_is_read_too() throws IOException {
    Files.writeString(
        folder.resolve(StudentSamplingFile.NAME),
        """
        {"parameterization": "flow", "schedule": "flow", "timesteps": [1000, 500], "guidance": 1}
        """);
    assertEquals(UNKNOWN, StudentSamplingFile.read(folder));
    assertNull(PipelineOriginFile.find(folder));
  }

  @Test
  void anything_else_that_is_missing_is_an_error() throws IOException {
    Files.writeString(folder.resolve(StudentSamplingFile.NAME), "{\"schedule\": \"flow\"}");
    String message =
        assertThrows(CheckpointException.class, () -> StudentSamplingFile.read(folder))
            .getMessage();
    assertTrue(message.contains(StudentSamplingFile.NAME), message);
    assertTrue(message.contains("parameterization"), message);
  }

  @Test
  void a_students_file_comes_before_its_teachers() throws IOException {
    assertNull(PipelineOriginFile.find(folder));
    PipelineOrigin teacher = new PipelineOrigin("sdxl", ImageSize.square(32));
    write(PipelineOriginFile.NAME, PipelineOriginFile.bytes(teacher));
    assertEquals(teacher, PipelineOriginFile.find(folder));
    PipelineOrigin student = new PipelineOrigin("sdxl", ImageSize.square(64));
    write(StudentSamplingFile.NAME, StudentSamplingFile.bytes(UNKNOWN.distilledFor(student)));
    assertEquals(student, PipelineOriginFile.find(folder));
  }
}
