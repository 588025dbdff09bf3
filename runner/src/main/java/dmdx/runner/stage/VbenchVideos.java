package dmdx.runner.stage;

import ai.djl.ndarray.NDArray;
import dmdx.api.settings.SettingsException;
import dmdx.runner.report.VideoWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * Writes samples where VBench's own program looks for them, a folder per model: {@code
 * vbench/<model>/<prompt>-<index>.mp4}, the index counted from 0, five videos a prompt.
 */
final class VbenchVideos {
  private static final int EXPECTED = 5;

  /** Bytes of a file's name that the usual file systems take, and those of a name written aside. */
  private static final int LONGEST = 255 - "..tmp".length();

  private final Path folder;
  private final int fps;
  private final int samplesPerPrompt;

  private VbenchVideos(Path folder, int fps, int samplesPerPrompt) {
    this.folder = folder;
    this.fps = fps;
    this.samplesPerPrompt = samplesPerPrompt;
  }

  /**
   * @param samplesPerPrompt at least five
   * @throws SettingsException with every reason why these samples cannot be such files
   */
  static VbenchVideos of(RunContext run, int samplesPerPrompt) {
    List<String> problems = new ArrayList<>();
    if (run.latentShape(1).dimension() != 5) {
      problems.add("'evaluate.vbench' is true, but this teacher draws no videos. Set it to false.");
    }
    if (samplesPerPrompt < EXPECTED) {
      problems.add(
          "'evaluate.samples-per-prompt' is %d, but VBench expects %d videos of every prompt. Set it to %d."
              .formatted(samplesPerPrompt, EXPECTED, EXPECTED));
    }
    for (String prompt : run.prompts().prompts()) {
      int bytes = name(prompt, samplesPerPrompt - 1).getBytes(StandardCharsets.UTF_8).length;
      if (bytes > LONGEST || prompt.contains("/") || prompt.contains("\0")) {
        problems.add(
            "the prompt '%s' cannot be a file's name: it has %d bytes of at most %d, or a slash. Take it out, or set 'evaluate.vbench' to false."
                .formatted(prompt, bytes, LONGEST));
      }
    }
    if (!problems.isEmpty()) {
      throw new SettingsException(problems);
    }
    return new VbenchVideos(
        run.settings().folder().resolve("vbench"), run.settings().fps(), samplesPerPrompt);
  }

  private static String name(String prompt, int index) {
    return "%s-%d.mp4".formatted(prompt, index);
  }

  /**
   * @param model its label
   * @param videos {@code [B, 3, T, H, W]}
   * @param first number of the first sample among all of this model
   */
  void write(String model, NDArray videos, List<String> prompts, int first) {
    Path target = folder.resolve(slug(model));
    for (int i = 0; i < prompts.size(); i++) {
      try (NDArray clip = videos.get(i)) {
        String name = name(prompts.get(i), (first + i) % samplesPerPrompt);
        VideoWriter.mp4(target.resolve(name), clip, fps);
      }
    }
  }

  /** Letters and digits, words joined by hyphens: {@code teacher-25-steps}. */
  static String slug(String label) {
    return label.toLowerCase(Locale.ROOT).replaceAll("[^a-z0-9]+", "-");
  }
}
