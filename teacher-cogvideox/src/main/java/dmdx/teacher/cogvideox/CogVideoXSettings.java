package dmdx.teacher.cogvideox;

import dmdx.api.settings.Settings;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The plugin's settings.
 *
 * @param variant part of the weights files' names, for instance {@code fp16}; null for the plain
 *     files
 * @param sampler the default sampler
 * @param dynamicGuidance whether the guidance scale changes along the way
 */
record CogVideoXSettings(@Nullable String variant, String sampler, boolean dynamicGuidance) {
  static final List<String> SAMPLERS = List.of("ddim", "dpm");

  static CogVideoXSettings from(Settings settings) {
    return new CogVideoXSettings(
        settings.optionalText("variant"),
        settings.choice("sampler", SAMPLERS),
        settings.flag("dynamic-guidance"));
  }
}
