package dmdx.runner.ablation;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigObject;
import dmdx.api.settings.Settings;
import dmdx.api.settings.SettingsException;
import dmdx.runner.config.ConfigLoader;
import dmdx.runner.report.RunFolder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * An ablation, as its file states it.
 *
 * <pre>
 * name = table-4
 * base = ../fashion/fashion.conf     # relative to this file, as all paths are
 * runs = ../../runs                  # run folders are runs/table-4/a3-.7-.3-1 and so on
 * seeds = [1, 2, 3]
 * rows {
 *   "A3 l = (.7, .3)" { adp { latent-weight = 0.7, pixel-weight = 0.3 } }
 *   "B4 DMDX" { }
 * }
 * report {
 *   metrics = [attributes.garment, time.adm]
 *   baseline = "B4 DMDX"
 *   teacher = true
 *   expect = ["A3 l = (.7, .3) < B4 DMDX on attributes.garment"]
 * }
 * </pre>
 *
 * Values with {@code ${…}} refer to this file, not to the base.
 *
 * @param folder where all of it goes: {@code runs/name}
 * @param rows what every row changes of the base, in file order
 * @param metrics what the table shows, such as {@code attributes.garment} or {@code time.adm};
 *     empty for all
 * @param baseline the row that times are shown relative to, or {@code null}
 * @param teacher whether the teacher is a row of the table too, under the name {@code teacher}
 */
public record AblationSettings(
    String name,
    Path file,
    Path base,
    Path folder,
    List<Integer> seeds,
    Map<String, Config> rows,
    List<String> metrics,
    @Nullable String baseline,
    boolean teacher,
    List<Expectation> expectations) {

  /** Name of the teacher's row. */
  static final String TEACHER = "teacher";

  private static final List<String> OURS = List.of("name", "seed", "runs");

  /**
   * Reads a file.
   *
   * @param here folder that files in messages are shown relative to
   * @throws SettingsException with all problems
   */
  public static AblationSettings read(Path file, Path here) {
    Config config = ConfigLoader.read(file);
    Settings s = Settings.of(config, here);
    String name = RunFolder.name(s);
    Path base = s.path("base");
    if (!s.hasProblems() && !Files.isRegularFile(base)) {
      s.problem("base", "is no file: %s. Name the configuration that rows change.".formatted(base));
    }
    Path runs = s.has("runs") ? s.path("runs") : here.resolve("runs");
    List<Integer> seeds = s.integers("seeds", 0, Integer.MAX_VALUE);
    if (new HashSet<>(seeds).size() < seeds.size()) {
      s.problem("seeds", "names a seed twice. Name each once.");
    }
    Map<String, Config> rows = rows(s, config);
    Settings report = s.section("report");
    boolean teacher = report.has(TEACHER) && report.flag(TEACHER);
    List<String> known = new ArrayList<>(rows.keySet());
    String baseline = report.has("baseline") ? report.choice("baseline", known) : null;
    if (teacher) {
      known.add(TEACHER);
    }
    List<String> metrics = report.has("metrics") ? report.texts("metrics") : List.of();
    for (String metric : metrics) {
      if (metric.indexOf('.') < 1) {
        report.problem(
            "metrics",
            "names '%s'. Name a plugin and its score, such as attributes.garment, or time and a stage."
                .formatted(metric));
      }
    }
    List<Expectation> expectations = new ArrayList<>();
    for (String text : report.has("expect") ? report.texts("expect") : List.<String>of()) {
      Expectation expectation = Expectation.parse(text, known, m -> report.problem("expect", m));
      if (expectation != null) {
        expectations.add(expectation);
      }
    }
    s.finish();
    return new AblationSettings(
        name,
        file,
        base,
        runs.resolve(name),
        seeds,
        rows,
        metrics,
        baseline,
        teacher,
        List.copyOf(expectations));
  }

  private static Map<String, Config> rows(Settings s, Config config) {
    Settings section = s.section("rows");
    Map<String, Config> rows = new LinkedHashMap<>();
    Set<String> folders = new HashSet<>();
    for (String row : section.keys()) {
      Settings own = section.section(row);
      for (String key : own.keys()) {
        own.ignore(key);
        if (OURS.contains(key)) {
          own.problem(key, "is the ablation's to set. Remove it from the row.");
        }
      }
      String name = folderName(row);
      if (row.equals(TEACHER) || name.isEmpty() || !folders.add(name)) {
        section.problem(
            row,
            row.equals(TEACHER)
                ? "is the name of the teacher's own row. Give the row another name."
                : "makes the folder name '%s', which is empty or another row's. Give the row another name."
                    .formatted(name));
      }
      if (config.root().get("rows") instanceof ConfigObject all
          && all.get(row) instanceof ConfigObject changes) {
        rows.put(row, changes.toConfig());
      }
    }
    if (rows.isEmpty() && !s.hasProblems()) {
      s.problem("rows", "has no row. Give at least one: rows { \"DMDX\" { } }.");
    }
    return rows;
  }

  /** {@code B4 DMDX} as {@code b4-dmdx}. */
  static String folderName(String row) {
    return row.toLowerCase(Locale.ROOT)
        .replaceAll("[^\\p{L}\\p{N}.]+", "-")
        .replaceAll("^[-.]+|[-.]+$", "");
  }
}
