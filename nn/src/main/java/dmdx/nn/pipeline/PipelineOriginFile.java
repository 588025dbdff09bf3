package dmdx.nn.pipeline;

import dmdx.api.CheckpointException;
import dmdx.api.PipelineOrigin;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * {@code dmdx_teacher.json}: what a teacher was pre-trained for.
 *
 * <pre>
 * {"teacher": "sdxl", "size": {"height": 1024, "width": 1024, "frames": 1}}
 * </pre>
 */
public final class PipelineOriginFile {
  /** Name of the file. */
  public static final String NAME = "dmdx_teacher.json";

  private PipelineOriginFile() {}

  /** Whether the folder holds a pre-trained teacher. */
  public static boolean exists(Path folder) {
    return Files.isRegularFile(folder.resolve(NAME));
  }

  /** The file's content, for writers that put it in place themselves. */
  public static byte[] bytes(PipelineOrigin origin) {
    return RecordFile.bytes(origin);
  }

  /**
   * What a folder's student was distilled for or its teacher trained for; {@code null} if the
   * folder does not say.
   *
   * @throws CheckpointException if a file that says it cannot be understood
   */
  public static @Nullable PipelineOrigin find(Path folder) {
    if (StudentSamplingFile.exists(folder)) {
      return StudentSamplingFile.read(folder).origin();
    }
    return exists(folder)
        ? RecordFile.read(folder.resolve(NAME), PipelineOrigin.class, List.of())
        : null;
  }
}
