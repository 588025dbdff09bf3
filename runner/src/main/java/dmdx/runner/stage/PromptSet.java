package dmdx.runner.stage;

import dmdx.api.settings.Settings;
import dmdx.nn.weights.Noise;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
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

  /**
   * Where a configuration says the prompts are.
   *
   * @param limit how many of the first ones are taken; 0 for all
   */
  record Source(@Nullable Path file, Layout layout, List<String> list, int limit) {

    /** How a file is read, see {@link PromptFile#read}. */
    record Layout(
        PromptFile.@Nullable Format format, @Nullable String column, Map<String, String> where) {}

    /** Reads where the prompts are: {@code file} and how to read it, or {@code list}. */
    static Source from(Settings s) {
      Path file = s.optionalPath("file");
      List<String> list = s.has("list") ? s.texts("list") : List.of();
      if ((file == null) == list.isEmpty() && !s.hasProblems()) {
        s.problem("file", "and 'list': give one of the two.");
      }
      PromptFile.Format format =
          s.has("format")
              ? PromptFile.Format.of(s.choice("format", PromptFile.Format.names()))
              : null;
      Map<String, String> where = new LinkedHashMap<>();
      Settings wanted = s.section("where");
      wanted.keys().forEach(key -> where.put(key, wanted.text(key)));
      Layout layout = new Layout(format, s.optionalText("column"), where);
      int limit = s.has("limit") ? s.integer("limit", 1, Integer.MAX_VALUE) : 0;
      return new Source(file, layout, list, limit);
    }

    PromptSet read() {
      List<String> all = list;
      if (file != null) {
        PromptFile.Format format =
            layout.format() == null ? PromptFile.Format.of(file) : layout.format();
        all = PromptFile.read(file, format, layout.column(), layout.where());
      }
      return new PromptSet(limit == 0 ? all : all.subList(0, Math.min(limit, all.size())));
    }
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
