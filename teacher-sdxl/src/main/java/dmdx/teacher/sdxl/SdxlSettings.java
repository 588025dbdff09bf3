package dmdx.teacher.sdxl;

import dmdx.api.settings.Settings;
import dmdx.nn.pipeline.PipelineFolder;
import dmdx.nn.weights.ModelConfig;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The plugin's settings.
 *
 * @param variant part of the weights files' names, for instance {@code fp16}; null for the plain
 *     files
 * @param forceZeros {@code checkpoint} to follow {@code model_index.json}, {@code yes} or {@code
 *     no}: whether the unconditional half of guidance is all zeros rather than the encoded empty
 *     prompt
 * @param sampler the default sampler
 */
record SdxlSettings(@Nullable String variant, String forceZeros, String sampler) {
  static final List<String> SAMPLERS = List.of("ddim", "euler");

  static SdxlSettings from(Settings settings) {
    return new SdxlSettings(
        settings.optionalText("variant"),
        settings.choice("force-zeros-for-empty-prompt", List.of("checkpoint", "yes", "no")),
        settings.choice("sampler", SAMPLERS));
  }

  boolean forceZeros(PipelineFolder folder) {
    if (!forceZeros.equals("checkpoint")) {
      return forceZeros.equals("yes");
    }
    ModelConfig index = folder.modelIndex();
    return index == null || index.flag("force_zeros_for_empty_prompt", true);
  }
}
