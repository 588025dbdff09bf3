package dmdx.teacher.sd3;

import dmdx.api.settings.Settings;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The plugin's settings.
 *
 * @param variant part of the weights files' names, for instance {@code fp16}; null for the plain
 *     files
 * @param t5 whether the third text encoder is used if the checkpoint has it
 * @param maxSequenceLength length of its prompts
 * @param sampler the default sampler
 */
record Sd3Settings(@Nullable String variant, boolean t5, int maxSequenceLength, String sampler) {
  static final List<String> SAMPLERS = List.of("euler");
  private static final int LONGEST = 512;

  static Sd3Settings from(Settings settings) {
    return new Sd3Settings(
        settings.optionalText("variant"),
        settings.choice("t5", List.of("checkpoint", "no")).equals("checkpoint"),
        settings.integer("max-sequence-length", 1, LONGEST),
        settings.choice("sampler", SAMPLERS));
  }
}
