package dmdx.runner.report;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dmdx.api.settings.Settings;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * What a run's folder tells, also while another process writes it. Nothing is changed, and what is
 * missing or broken is left out; {@link #describe} lists what is broken.
 */
public final class RunFolder {
  /** The resolved configuration, as JSON. */
  public static final String CONFIG = "config.conf";

  /** The plan, and how far it came. */
  public static final String STAGES = "stages.json";

  /** The scores of teacher and students. */
  public static final String EVALUATION = "evaluation.json";

  /** Pictures of teacher and students side by side. */
  public static final String COMPARISON = "comparison.png";

  /** The folder of a stage's sample grids. */
  public static final String SAMPLES = "samples";

  private static final Pattern NAME =
      Pattern.compile("[\\p{L}\\p{N}_]([\\p{L}\\p{M}\\p{N}._=+, -]*[\\p{L}\\p{M}\\p{N}_=+,-])?");
  private static final Pattern PICTURE = Pattern.compile("(\\d{1,18})\\.png");
  private static final Duration FRESH = Duration.ofMinutes(3);
  private static final ObjectMapper JSON = new ObjectMapper();

  private final Path folder;
  private final List<String> problems = new ArrayList<>();

  /**
   * @param folder exists
   */
  public RunFolder(Path folder) {
    this.folder = folder;
  }

  /** Whether a folder is a run's: it has a configuration, stages or metrics. */
  public static boolean isRun(Path folder) {
    return Files.isRegularFile(folder.resolve(CONFIG))
        || Files.isRegularFile(folder.resolve(STAGES))
        || !withMetrics(folder).isEmpty();
  }

  /** The folder's name. */
  public String name() {
    Path last = folder.toAbsolutePath().normalize().getFileName();
    return last == null ? "" : last.toString();
  }

  /** Where a stage's metrics are, whether or not they exist. */
  public Path metrics(String stage) {
    return folder.resolve(stage).resolve(MetricsLog.FILE);
  }

  /**
   * For a list of runs: {@code name}, {@code state} ({@code running}, {@code finished} or {@code
   * stopped}), the {@code stage} at work or reached with its {@code done} of {@code total} {@code
   * unit}s and {@code secondsEach}, {@code seconds} spent, {@code started} and {@code updated}.
   */
  public ObjectNode summary() {
    List<ObjectNode> stages = stages(read(CONFIG));
    return summary(stages);
  }

  private ObjectNode summary(List<ObjectNode> stages) {
    ObjectNode run = JSON.createObjectNode().put("name", name());
    run.put("state", state(stages));
    double seconds = 0;
    for (ObjectNode stage : stages) {
      seconds += stage.path("seconds").asDouble();
      if (!run.has("started") && stage.has("started")) {
        run.set("started", stage.get("started"));
      }
      if (!stage.path("state").asText().equals("waiting")) {
        run.set("stage", stage.get("name"));
        for (String key : List.of("done", "total", "unit", "secondsEach")) {
          run.remove(key);
          if (stage.has(key)) {
            run.set(key, stage.get(key));
          }
        }
      }
    }
    Instant updated = updated();
    if (updated != null) {
      run.put("updated", updated.toString());
    }
    return run.put("seconds", seconds);
  }

  private static boolean is(ObjectNode stage, String state) {
    return stage.path("state").asText().equals(state);
  }

  private String state(List<ObjectNode> stages) {
    if (!stages.isEmpty() && stages.stream().allMatch(s -> is(s, "done"))) {
      return "finished";
    }
    return isAtWork() ? "running" : "stopped";
  }

  private boolean isAtWork() {
    RunProcess process = RunProcess.from(read(STAGES).path("process"));
    if (process.isLocal()) {
      return process.isAlive();
    }
    Instant updated = updated();
    return updated != null && updated.plus(FRESH).isAfter(Instant.now());
  }

  /** When anything that a run writes as it goes on was last changed. */
  private @Nullable Instant updated() {
    List<Path> files = new ArrayList<>(List.of(folder.resolve(STAGES), folder.resolve(EVALUATION)));
    files.add(folder.resolve(COMPARISON));
    withMetrics(folder).forEach(stage -> files.add(metrics(stage)));
    files.add(folder.resolve("collect"));
    Instant newest = null;
    for (Path file : files) {
      try {
        Instant changed = Files.getLastModifiedTime(file).toInstant();
        newest = newest == null || changed.isAfter(newest) ? changed : newest;
      } catch (IOException e) {
        // not written yet
      }
    }
    return newest;
  }

  /**
   * Everything but the metrics' lines: {@link #summary}, and {@code stages}, {@code config}, {@code
   * pictures} ({@code stage}, {@code iteration}, {@code path} within the folder), {@code
   * comparison} (a path), {@code evaluation} (rows), {@code metrics} (names of stages that have
   * some) and {@code problems} (texts).
   */
  public ObjectNode describe() {
    JsonNode config = read(CONFIG);
    List<ObjectNode> stages = stages(config);
    ObjectNode run = summary(stages);
    run.putArray("stages").addAll(stages);
    run.set("config", config);
    run.putArray("pictures").addAll(pictures(stages));
    if (Files.isRegularFile(folder.resolve(COMPARISON))) {
      run.put("comparison", COMPARISON);
    }
    JsonNode evaluation = read(EVALUATION);
    if (evaluation.isArray()) {
      run.set("evaluation", evaluation);
    }
    ArrayNode metrics = run.putArray("metrics");
    for (ObjectNode stage : stages) {
      String name = stage.path("name").asText();
      if (Files.isRegularFile(metrics(name))) {
        metrics.add(name);
      }
    }
    ArrayNode broken = run.putArray("problems");
    problems.stream().distinct().forEach(broken::add);
    return run;
  }

  private JsonNode read(String file) {
    try {
      JsonNode content = JSON.readTree(folder.resolve(file).toFile());
      return content == null ? JSON.createObjectNode() : content;
    } catch (NoSuchFileException | java.io.FileNotFoundException e) {
      return JSON.createObjectNode();
    } catch (IOException e) {
      problems.add(file + " cannot be read as JSON and is left out.");
      return JSON.createObjectNode();
    }
  }

  private List<ObjectNode> stages(JsonNode config) {
    JsonNode journal = read(STAGES);
    boolean atWork = isAtWork();
    Set<String> names = new LinkedHashSet<>();
    journal.path("stages").forEach(stage -> names.add(stage.path("name").asText()));
    config.path("stages").forEach(stage -> names.add(stage.asText()));
    names.addAll(withMetrics(folder));
    names.removeIf(name -> !isPlainName(name));
    List<ObjectNode> stages = new ArrayList<>();
    for (String name : names) {
      ObjectNode stage = JSON.createObjectNode().put("name", name);
      for (JsonNode known : journal.path("stages")) {
        if (known.isObject() && name.equals(known.path("name").asText())) {
          stage.setAll((ObjectNode) known);
        }
      }
      progress(stage, config.path(name));
      if (!stage.has("state")) {
        stage.put("state", guessedState(stage));
      }
      if (is(stage, "running")) {
        if (atWork) {
          stage.put("seconds", stage.path("seconds").asDouble() + sinceBegun(stage));
        } else {
          stage.put("state", "stopped");
        }
      }
      stages.add(stage);
    }
    return stages;
  }

  private static double sinceBegun(ObjectNode stage) {
    try {
      Instant begun = Instant.parse(stage.path("begun").asText());
      return Math.max(0, Duration.between(begun, Instant.now()).toMillis() / 1e3);
    } catch (DateTimeParseException e) {
      return 0; // a run without a journal
    }
  }

  /**
   * The setting {@code name} that a run or an ablation has its folder by; that it is no plain name
   * is noted with the other problems.
   */
  public static String name(Settings s) {
    String key = "name";
    String name = s.optionalText(key);
    if (name != null && NAME.matcher(name).matches()) {
      return name;
    }
    if (name != null || !s.has(key)) {
      s.problem(
          key,
          "%s. Set it to the name of a folder: letters, digits, blanks and . _ - = + , with a letter, digit or _ first and no dot or blank last."
              .formatted(name == null ? "is missing" : "is '" + name + "'"));
    }
    return "?";
  }

  /** A name that leads to no other folder. */
  static boolean isPlainName(String name) {
    return !name.isEmpty() && !name.startsWith(".") && name.chars().noneMatch(RunFolder::isSpecial);
  }

  private static boolean isSpecial(int c) {
    return c == '/' || c == '\\' || c == 0;
  }

  /** What runs without a journal leave to see. */
  private String guessedState(ObjectNode stage) {
    String name = stage.path("name").asText();
    boolean result =
        switch (name) {
          case "sample" -> Files.exists(folder.resolve(COMPARISON));
          case "evaluate" -> Files.exists(folder.resolve(EVALUATION));
          default -> Files.exists(folder.resolve(name).resolve("student"));
        };
    long done = stage.path("done").asLong();
    long total = stage.path("total").asLong();
    boolean complete = total > 0 && done >= total;
    if (result || complete) {
      return "done";
    }
    return done > 0 ? "running" : "waiting";
  }

  private void progress(ObjectNode stage, JsonNode settings) {
    String name = stage.path("name").asText();
    if (name.equals("collect")) {
      long pairs = settings.path("pairs").asLong();
      long shards = count(folder.resolve(name), file -> file.startsWith("pairs-"));
      long done = Math.min(pairs, shards * settings.path("shard").asLong());
      stage.put("done", done).put("total", pairs).put("unit", "pair");
      return;
    }
    if (settings.has("iterations")) {
      stage.put("done", 0).put("total", settings.path("iterations").asLong());
      stage.put("unit", "iteration");
    }
    List<ObjectNode> lines = newest(name);
    if (!lines.isEmpty()) {
      ObjectNode last = lines.get(lines.size() - 1);
      stage.put("done", last.path("iteration").asLong()).put("unit", "iteration");
      lines.stream()
          .mapToDouble(line -> line.path("seconds").asDouble())
          .filter(seconds -> seconds > 0)
          .average()
          .ifPresent(seconds -> stage.put("secondsEach", seconds));
    }
  }

  private List<ObjectNode> newest(String stage) {
    try {
      return MetricsPiece.newest(metrics(stage));
    } catch (IOException e) {
      problems.add("%s/%s cannot be read.".formatted(stage, MetricsLog.FILE));
      return List.of();
    }
  }

  private List<ObjectNode> pictures(List<ObjectNode> stages) {
    List<ObjectNode> pictures = new ArrayList<>();
    for (ObjectNode stage : stages) {
      String name = stage.path("name").asText();
      for (String file : list(folder.resolve(name).resolve(SAMPLES))) {
        Matcher numbered = PICTURE.matcher(file);
        if (numbered.matches()) {
          pictures.add(
              JSON.createObjectNode()
                  .put("stage", name)
                  .put("iteration", Long.parseLong(numbered.group(1)))
                  .put("path", name + "/" + SAMPLES + "/" + file));
        }
      }
    }
    return pictures;
  }

  private static List<String> withMetrics(Path folder) {
    return list(folder).stream()
        .filter(name -> Files.isRegularFile(folder.resolve(name).resolve(MetricsLog.FILE)))
        .toList();
  }

  private static long count(Path folder, Predicate<String> file) {
    return list(folder).stream().filter(file).count();
  }

  /** Names in a folder, sorted; none if it does not exist. */
  private static List<String> list(Path folder) {
    if (!Files.isDirectory(folder)) {
      return List.of();
    }
    try (Stream<Path> entries = Files.list(folder)) {
      return entries.map(entry -> entry.getFileName().toString()).sorted().toList();
    } catch (NoSuchFileException e) {
      return List.of();
    } catch (IOException e) {
      throw new UncheckedIOException("%s: cannot be listed".formatted(folder), e);
    }
  }
}
