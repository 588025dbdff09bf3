package dmdx.teacher.sd3;

import dmdx.api.Teacher;
import dmdx.api.TeacherProvider;
import dmdx.api.settings.Settings;
import dmdx.nn.pipeline.PipelineFolder;

/** Provides {@code sd3}. */
public final class Sd3TeacherProvider implements TeacherProvider {

  /** Stateless. */
  public Sd3TeacherProvider() {}

  @Override
  public String name() {
    return "sd3";
  }

  @Override
  public String description() {
    return "Stable Diffusion 3 and 3.5: transformer with two CLIP text encoders and T5, diffusers layout";
  }

  @Override
  public Teacher open(OpenRequest request, Settings settings) {
    Sd3Settings own = Sd3Settings.from(settings);
    settings.finish();
    return new Sd3Teacher(PipelineFolder.of(request, Sd3Teacher.LAYOUT, own.variant()), own);
  }
}
