package dmdx.teacher.sdxl;

import dmdx.api.Teacher;
import dmdx.api.TeacherProvider;
import dmdx.api.settings.Settings;
import dmdx.nn.pipeline.PipelineFolder;

/** Provides {@code sdxl}. */
public final class SdxlTeacherProvider implements TeacherProvider {

  /** Stateless. */
  public SdxlTeacherProvider() {}

  @Override
  public String name() {
    return "sdxl";
  }

  @Override
  public String description() {
    return "Stable Diffusion XL: U-Net with two CLIP text encoders, diffusers layout";
  }

  @Override
  public Teacher open(OpenRequest request, Settings settings) {
    SdxlSettings own = SdxlSettings.from(settings);
    settings.finish();
    return new SdxlTeacher(PipelineFolder.of(request, SdxlTeacher.LAYOUT, own.variant()), own);
  }
}
