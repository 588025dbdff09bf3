package dmdx.api;

/**
 * What the networks of a pipeline folder were trained for; written beside them so that others need
 * not guess.
 *
 * @param teacher name of the {@link TeacherProvider} that opens the folder
 * @param size of the pictures or videos
 */
public record PipelineOrigin(String teacher, ImageSize size) {}
