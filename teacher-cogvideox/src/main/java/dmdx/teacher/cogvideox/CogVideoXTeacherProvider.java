package dmdx.teacher.cogvideox;

import dmdx.api.Teacher;
import dmdx.api.TeacherProvider;
import dmdx.api.settings.Settings;
import dmdx.nn.pipeline.PipelineFolder;

/** Provides {@code cogvideox}. */
public final class CogVideoXTeacherProvider implements TeacherProvider {

  /** Stateless. */
  public CogVideoXTeacherProvider() {}

  @Override
  public String name() {
    return "cogvideox";
  }

  @Override
  public String description() {
    return "CogVideoX 2b and 5b: video transformer with a T5 text encoder, diffusers layout";
  }

  @Override
  public Teacher open(OpenRequest request, Settings settings) {
    CogVideoXSettings own = CogVideoXSettings.from(settings);
    settings.finish();
    return new CogVideoXTeacher(
        PipelineFolder.of(request, CogVideoXTeacher.LAYOUT, own.variant()), own);
  }
}
