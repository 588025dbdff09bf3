package dmdx.runner.ablation;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dmdx.api.settings.Names;
import dmdx.runner.ablation.Ablation.Outcome;
import dmdx.runner.ablation.Estimate.Score;
import dmdx.runner.checkpoint.Folders;
import dmdx.runner.report.Table;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** What an ablation has measured: tables, plots, and what became of the expectations. */
public final class AblationReport {
  private static final ObjectMapper JSON =
      new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT);
  private static final String TIME = "time.";
  private static final String NONE = "–";

  private final AblationSettings settings;
  private final List<Outcome> outcomes;
  private final List<Row> rows = new ArrayList<>();
  private final List<String> metrics;

  /**
   * A row of the table.
   *
   * @param runs how many it should have
   * @param scores by metric, then by seed
   */
  record Row(String name, int runs, int failed, Map<String, Map<Integer, Score>> scores) {
    /** The metric over all seeds that have it; {@code null} if none has. */
    @Nullable Estimate estimate(String metric) {
      Map<Integer, Score> values = scores.getOrDefault(metric, Map.of());
      return values.isEmpty() ? null : Estimate.of(List.copyOf(values.values()));
    }

    /** How many runs have any score. */
    int finished() {
      return scores.values().stream().mapToInt(Map::size).max().orElse(0);
    }
  }

  AblationReport(AblationSettings settings, List<Outcome> outcomes) {
    this.settings = settings;
    this.outcomes = List.copyOf(outcomes);
    for (String row : settings.rows().keySet()) {
      rows.add(row(row, row, RunScores::student));
    }
    metrics = settings.metrics().isEmpty() ? measured() : settings.metrics();
    if (settings.teacher()) {
      String source =
          settings.baseline() == null
              ? settings.rows().keySet().iterator().next()
              : settings.baseline();
      rows.add(row(AblationSettings.TEACHER, source, RunScores::teacher));
    }
  }

  private Row row(String name, String source, Function<RunScores, Map<String, Score>> scores) {
    Map<String, Map<Integer, Score>> byMetric = new LinkedHashMap<>();
    int failed = 0;
    for (Outcome outcome : outcomes) {
      if (outcome.run().row().equals(source)) {
        failed += outcome.failure() == null ? 0 : 1;
        if (outcome.scores() != null) {
          scores
              .apply(outcome.scores())
              .forEach(
                  (metric, score) ->
                      byMetric
                          .computeIfAbsent(metric, m -> new LinkedHashMap<>())
                          .put(outcome.run().seed(), score));
        }
      }
    }
    return new Row(name, settings.seeds().size(), failed, byMetric);
  }

  /** All metrics any row has: scores before times. */
  private List<String> measured() {
    List<String> all = rows.stream().flatMap(row -> row.scores().keySet().stream()).toList();
    return Stream.concat(
            all.stream().filter(m -> !m.startsWith(TIME)),
            all.stream().filter(m -> m.startsWith(TIME)))
        .distinct()
        .toList();
  }

  /** The ablation's folder. */
  public Path folder() {
    return settings.folder();
  }

  /** Whether any run failed. */
  public boolean hasFailures() {
    return outcomes.stream().anyMatch(outcome -> outcome.failure() != null);
  }

  /** Writes {@code table.md}, {@code table.csv}, {@code ablation.json} and the plots. */
  void write() {
    try {
      Path plots = Files.createDirectories(folder().resolve("plots"));
      List<String> drawn = new ArrayList<>();
      for (String metric : metrics) {
        IntervalPlot plot = IntervalPlot.of(metric, rows, settings.baseline());
        if (plot != null) {
          String name = metric.replaceAll("[^\\p{L}\\p{N}.-]+", "-");
          plot.write(plots.resolve(name));
          drawn.add("plots/" + name + ".svg");
        }
      }
      replace("table.csv", csv());
      replace("ablation.json", JSON.writeValueAsString(json()) + "\n");
      replace("table.md", markdown(drawn));
    } catch (IOException e) {
      throw new UncheckedIOException("%s: cannot be written".formatted(folder()), e);
    }
  }

  private void replace(String name, String text) {
    Folders.replace(folder().resolve(name), text.getBytes(StandardCharsets.UTF_8));
  }

  private List<String> headings() {
    List<String> headings = new ArrayList<>(List.of("row"));
    if (isIncomplete()) {
      headings.add("runs");
    }
    headings.addAll(metrics);
    return headings;
  }

  private List<List<String>> cells() {
    List<List<String>> table = new ArrayList<>();
    for (Row row : rows) {
      List<String> cells = new ArrayList<>(List.of(row.name()));
      if (isIncomplete()) {
        String failed = row.failed() == 0 ? "" : ", %d failed".formatted(row.failed());
        cells.add("%d of %d%s".formatted(row.finished(), row.runs(), failed));
      }
      metrics.forEach(metric -> cells.add(cell(row, metric)));
      table.add(cells);
    }
    return table;
  }

  private boolean isIncomplete() {
    return outcomes.stream().anyMatch(outcome -> outcome.scores() == null);
  }

  private String cell(Row row, String metric) {
    Estimate estimate = row.estimate(metric);
    if (estimate == null) {
      return row.failed() == row.runs() ? "failed" : NONE;
    }
    if (!metric.startsWith(TIME)) {
      return estimate.toString();
    }
    Estimate base = baseline(metric);
    return base == null || !(base.mean() > 0)
        ? estimate + " s"
        : String.format(Locale.ROOT, "%s s (×%.2f)", estimate, estimate.mean() / base.mean());
  }

  private @Nullable Estimate baseline(String metric) {
    return settings.baseline() == null ? null : estimate(settings.baseline(), metric);
  }

  private @Nullable Estimate estimate(String row, String metric) {
    return row(row).map(found -> found.estimate(metric)).orElse(null);
  }

  private Expectation.Verdict verdict(Expectation expectation) {
    Estimate difference = difference(expectation);
    return difference != null
        ? Expectation.verdict(difference)
        : Expectation.verdict(
            estimate(expectation.smaller(), expectation.metric()),
            estimate(expectation.larger(), expectation.metric()));
  }

  /**
   * How much more the row expected to be larger scores, seed by seed: what a seed does to all rows
   * alike is not in it. {@code null} unless two seeds have both rows.
   */
  private @Nullable Estimate difference(Expectation expectation) {
    Map<Integer, Score> smaller = scores(expectation.smaller(), expectation.metric());
    Map<Integer, Score> larger = new TreeMap<>(scores(expectation.larger(), expectation.metric()));
    larger.keySet().retainAll(smaller.keySet());
    List<Score> differences = new ArrayList<>();
    larger.forEach(
        (seed, score) ->
            differences.add(
                Score.of(score.value() - Objects.requireNonNull(smaller.get(seed)).value())));
    return differences.size() < 2 ? null : Estimate.of(differences);
  }

  private Map<Integer, Score> scores(String row, String metric) {
    return row(row).map(r -> r.scores().getOrDefault(metric, Map.of())).orElse(Map.of());
  }

  private Optional<Row> row(String name) {
    return rows.stream().filter(candidate -> candidate.name().equals(name)).findFirst();
  }

  private static String shown(@Nullable Estimate estimate) {
    return estimate == null ? NONE : estimate.toString();
  }

  private List<List<String>> expectations() {
    List<List<String>> lines = new ArrayList<>();
    for (Expectation e : settings.expectations()) {
      lines.add(
          List.of(
              e.text(),
              verdict(e).toString(),
              shown(difference(e)),
              "%s < %s"
                  .formatted(
                      shown(estimate(e.smaller(), e.metric())),
                      shown(estimate(e.larger(), e.metric())))));
    }
    return lines;
  }

  private List<String> notes() {
    List<String> notes = new ArrayList<>();
    int seeds = settings.seeds().size();
    notes.add(
        seeds > 1
            ? "Mean ± 95 %% t-interval over the seeds %s; differences are taken seed by seed."
                .formatted(list(settings.seeds()))
            : "One seed, %d: intervals are the evaluation's own, over prompts and samples, and say nothing of the spread between seeds."
                .formatted(settings.seeds().get(0)));
    List<String> known = measured();
    for (String metric : new TreeSet<>(metrics)) {
      if (!known.isEmpty() && !known.contains(metric)) {
        notes.add(
            "No run has %s.%s Measured: %s."
                .formatted(metric, Names.hint(metric, known), String.join(", ", known)));
      }
    }
    return notes;
  }

  private static String list(List<Integer> numbers) {
    return String.join(", ", numbers.stream().map(String::valueOf).toList());
  }

  private List<String> failures() {
    return outcomes.stream()
        .filter(outcome -> outcome.failure() != null)
        .map(
            outcome ->
                "%s, seed %d: %s"
                    .formatted(outcome.run().row(), outcome.run().seed(), outcome.failure()))
        .toList();
  }

  /** The tables for a terminal. */
  @Override
  public String toString() {
    List<String> parts = new ArrayList<>();
    Table table = new Table(headings());
    cells().forEach(table::row);
    parts.add(table.toString());
    parts.add(String.join(System.lineSeparator(), notes()));
    if (!settings.expectations().isEmpty()) {
      Table expected = new Table(List.of("expected", "", "difference", "measured"));
      expectations().forEach(expected::row);
      parts.add(expected.toString());
    }
    if (hasFailures()) {
      parts.add(
          "Failed:" + System.lineSeparator() + String.join(System.lineSeparator(), failures()));
    }
    String blank = System.lineSeparator() + System.lineSeparator();
    return String.join(blank, parts);
  }

  /**
   * The same in Markdown.
   *
   * @param plots files relative to the folder
   */
  private String markdown(List<String> plots) {
    StringBuilder text = new StringBuilder();
    text.append("# ").append(settings.name()).append("\n\n");
    markdown(text, headings(), cells());
    notes().forEach(note -> text.append('\n').append(note).append('\n'));
    if (!settings.expectations().isEmpty()) {
      text.append("\n## Expectations\n\n");
      markdown(text, List.of("expected", "verdict", "difference", "measured"), expectations());
    }
    if (hasFailures()) {
      text.append("\n## Failed\n\n");
      failures().forEach(failure -> text.append("- ").append(oneLine(failure)).append('\n'));
    }
    if (!plots.isEmpty()) {
      text.append("\n## Plots\n");
      plots.forEach(
          plot -> text.append("\n![").append(plot).append("](").append(plot).append(")\n"));
    }
    return text.toString();
  }

  private static void markdown(
      StringBuilder text, List<String> headings, List<List<String>> table) {
    line(text, headings);
    text.append("| --- |").append(" ---: |".repeat(headings.size() - 1)).append('\n');
    table.forEach(cells -> line(text, cells));
  }

  private static void line(StringBuilder text, List<String> cells) {
    text.append('|');
    for (String cell : cells) {
      text.append(' ').append(oneLine(cell).replace("|", "\\|")).append(" |");
    }
    text.append('\n');
  }

  private static String oneLine(String text) {
    return text.replaceAll("\\R", " ");
  }

  /** All scores, one a line, also those the table does not show. */
  private String csv() {
    StringBuilder text = new StringBuilder("row,seed,metric,value\n");
    for (Row row : rows) {
      row.scores()
          .forEach(
              (metric, scores) ->
                  scores.forEach(
                      (seed, score) ->
                          text.append(quoted(row.name()))
                              .append(',')
                              .append(seed)
                              .append(',')
                              .append(quoted(metric))
                              .append(',')
                              .append(score.value())
                              .append('\n')));
    }
    return text.toString();
  }

  private static String quoted(String field) {
    return field.matches("[^\",\\r\\n]*") ? field : '"' + field.replace("\"", "\"\"") + '"';
  }

  private ObjectNode json() {
    ObjectNode all = JSON.createObjectNode();
    all.put("name", settings.name()).put("base", settings.base().toString());
    ArrayNode seeds = all.putArray("seeds");
    settings.seeds().forEach(seeds::add);
    ArrayNode runs = all.putArray("runs");
    for (Outcome outcome : outcomes) {
      ObjectNode run = runs.addObject();
      run.put("row", outcome.run().row()).put("seed", outcome.run().seed());
      run.put("folder", String.valueOf(outcome.run().folder().getFileName()));
      run.put(
          "state",
          outcome.failure() != null ? "failed" : outcome.scores() == null ? "open" : "finished");
      if (outcome.failure() != null) {
        run.put("failure", outcome.failure());
      }
    }
    ArrayNode table = all.putArray("rows");
    for (Row row : rows) {
      ObjectNode object = table.addObject().put("row", row.name());
      ObjectNode byMetric = object.putObject("metrics");
      for (String metric : row.scores().keySet()) {
        json(byMetric.putObject(metric), Objects.requireNonNull(row.estimate(metric)), metric);
      }
    }
    ArrayNode expectations = all.putArray("expectations");
    for (Expectation expectation : settings.expectations()) {
      ObjectNode object = expectations.addObject().put("expected", expectation.text());
      object.put("verdict", verdict(expectation).name().toLowerCase(Locale.ROOT).replace('_', '-'));
      Estimate difference = difference(expectation);
      if (difference != null) {
        interval(object.putObject("difference"), difference);
      }
    }
    return all;
  }

  private static void interval(ObjectNode object, Estimate estimate) {
    object.put("mean", estimate.mean());
    if (estimate.isKnown()) {
      object.put("low", estimate.low()).put("high", estimate.high());
    }
    object.put("values", estimate.values());
  }

  private void json(ObjectNode object, Estimate estimate, String metric) {
    interval(object, estimate);
    Estimate base = baseline(metric);
    if (metric.startsWith(TIME) && base != null && base.mean() > 0) {
      object.put("relative", estimate.mean() / base.mean());
    }
  }
}
