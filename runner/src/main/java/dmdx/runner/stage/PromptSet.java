package dmdx.runner.stage;

import dmdx.api.settings.Settings;
import dmdx.api.settings.SettingsException;
import dmdx.nn.weights.Noise;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The prompts of a run.
 *
 * @param prompts in file order, none blank
 */
record PromptSet(List<String> prompts) {
  PromptSet {
    prompts = List.copyOf(prompts);
  }

  /** Where a configuration says the prompts are. */
  record Source(@Nullable Path file, List<String> list) {

    /** Reads {@code file}, one prompt a line, or {@code list}. */
    static Source from(Settings s) {
      Path file = s.optionalPath("file");
      List<String> list = s.has("list") ? s.texts("list") : List.of();
      if ((file == null) == list.isEmpty() && !s.hasProblems()) {
        s.problem("file", "and 'list': give one of the two.");
      }
      return new Source(file, list);
    }

    PromptSet read() {
      return file == null ? new PromptSet(list) : PromptSet.read(file);
    }
  }

  private static PromptSet read(Path file) {
    List<String> lines;
    try {
      lines = Files.readAllLines(file);
    } catch (IOException e) {
      throw new SettingsException(
          List.of(
              "%s: cannot be read (%s). Correct 'prompts.file'.".formatted(file, e.getMessage())));
    }
    List<String> prompts = new ArrayList<>();
    List<String> problems = new ArrayList<>();
    for (int i = 0; i < lines.size(); i++) {
      String prompt = lines.get(i).strip();
      if (prompt.isEmpty()) {
        problems.add("%s:%d: blank line. Put one prompt on every line.".formatted(file, i + 1));
      } else {
        prompts.add(prompt);
      }
    }
    if (prompts.isEmpty() && problems.isEmpty()) {
      problems.add("%s: holds no prompt.".formatted(file));
    }
    if (!problems.isEmpty()) {
      throw new SettingsException(problems);
    }
    return new PromptSet(prompts);
  }

  /** {@code rows} prompts drawn uniformly. */
  List<String> draw(int rows, Noise noise) {
    List<String> drawn = new ArrayList<>(rows);
    for (int i = 0; i < rows; i++) {
      drawn.add(prompts.get(noise.below(prompts.size())));
    }
    return drawn;
  }

  /** Every prompt {@code times} times, its copies following one another. */
  static List<String> repeated(List<String> prompts, int times) {
    return prompts.stream().flatMap(prompt -> Collections.nCopies(times, prompt).stream()).toList();
  }

  /** The first {@code count} prompts, or all if there are fewer; the rows of grids. */
  List<String> first(int count) {
    return prompts.subList(0, Math.min(count, prompts.size()));
  }
}
