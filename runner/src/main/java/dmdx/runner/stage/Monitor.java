package dmdx.runner.stage;

import ai.djl.ndarray.NDManager;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.typesafe.config.ConfigUtil;
import dmdx.api.Metric;
import dmdx.api.network.Weights;
import dmdx.api.settings.Names;
import dmdx.api.settings.SettingsException;
import dmdx.runner.checkpoint.Folders;
import dmdx.runner.train.StopRequest;
import dmdx.runner.train.TrainableRole;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.LongConsumer;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Watches a student in training: scores its samples every so often against the teacher's, keeps the
 * best one, and ends a run that breaks a rule.
 *
 * <p>The best student lies in the stage's folder {@code best/}, with {@code best.json} beside its
 * weights. What is known of the reference lies in the run's folder {@code monitor/}, for all stages
 * and attempts.
 */
final class Monitor implements AutoCloseable {
  static final String BEST = "best";
  private static final String FOLDER = "monitor";

  /** Settings that neither the reference nor its tallies follow from. */
  private static final Set<String> WITHOUT_REFERENCE =
      Set.of(
          "monitor.every",
          "monitor.best",
          "monitor.best-is",
          "monitor.use-best",
          "teacher.plugin",
          "teacher.preset",
          "teacher.path",
          "teacher.conditioning-cache-mib");

  private static final String FILE = "best.json";
  private static final Logger LOG = LoggerFactory.getLogger(Monitor.class);
  private static final ObjectMapper JSON = new ObjectMapper();

  private final RunContext run;
  private final String stage;
  private final MonitorSettings settings;
  private final Supplier<StudentModel> student;
  private final TrainableRole role;
  private final MetricSet metrics;
  private final List<String> requests;
  private final StopRules rules;
  private Map<String, Metric.Tally> reference = Map.of();

  /**
   * @param student the student as it is sampled
   * @param role its weights
   */
  Monitor(RunContext run, String stage, Supplier<StudentModel> student, TrainableRole role) {
    this.run = run;
    this.stage = stage;
    this.student = student;
    this.role = role;
    settings = run.settings().monitor();
    rules = new StopRules(run, stage);
    metrics = MetricSet.open(run, run.trial() == null ? settings.metrics() : List.of());
    requests =
        PromptSet.repeated(run.prompts().first(settings.prompts()), settings.samplesPerPrompt());
  }

  /** Finds what is wrong with the settings and files of its metrics. */
  static void check(RunContext run) {
    MetricSet.open(run, run.settings().monitor().metrics()).close();
  }

  /**
   * Draws the reference, unless it was drawn before; to be called before training.
   *
   * @param planned metrics that the stage's training logs in any case
   * @throws SettingsException if the best score, or a metric that has a rule, is none of those
   *     there are as far as is known
   */
  void prepare(Set<String> planned) {
    Set<String> names = Set.of();
    if (settings.every() > 0) {
      reference = reference();
      names = scores(reference).keySet();
    }
    List<String> problems = new ArrayList<>();
    MonitorSettings.Best best = settings.best();
    if (best != null && !names.contains(best.score())) {
      problems.add(
          "'monitor.best' is '%s', but the scores are %s.%s"
              .formatted(best.score(), Names.list(names), Names.hint(best.score(), names)));
    }
    problems.addAll(rules.problems(names, planned));
    if (!problems.isEmpty()) {
      throw new SettingsException(problems);
    }
  }

  /**
   * To be called when all of a stage's lines are in the log.
   *
   * @see StopRules#requireApplied
   */
  void finish() {
    rules.requireApplied();
  }

  private Map<String, Metric.Tally> reference() {
    Map<String, Metric.Tally> tallies = metrics.begin();
    SavedReference saved = new SavedReference(run.folder(FOLDER), origin());
    if (!saved.restore(tallies, requests, run.manager())) {
      draw(
          Candidates.teacher(run, settings.steps(), settings.guidance()).generator(),
          "monitor/reference",
          tallies,
          n -> StopRequest.check("stopped while the reference was drawn. Run again to go on."));
      saved.save(tallies, run.manager());
    }
    return tallies;
  }

  /** A hash of what the reference and its tallies follow from. */
  private String origin() {
    Set<String> sections = Set.of("seed", "precision", "teacher", "monitor");
    RunSettings.TeacherSettings teacher = run.settings().teacher();
    String all =
        String.join(
            "\n",
            run.fingerprint(
                path ->
                    sections.contains(ConfigUtil.splitPath(path).get(0))
                        && !WITHOUT_REFERENCE.contains(path)
                        && !path.startsWith("monitor.stop.")),
            teacher.plugin(),
            OdePairs.hash(teacher.path()),
            String.join("\n", requests));
    return Folders.sha256(all.getBytes(StandardCharsets.UTF_8));
  }

  private void draw(
      Candidates.Generator generator,
      String stream,
      Map<String, Metric.Tally> tallies,
      LongConsumer progress) {
    new SampleDraw(run, requests, settings.batch(), progress)
        .draw(generator, stream, tallies, SampleDraw.NOTHING);
  }

  private Map<String, Double> scores(Map<String, Metric.Tally> tallies) {
    Map<String, Double> scores = new LinkedHashMap<>();
    MetricSet.scores(tallies, reference)
        .forEach(
            (metric, values) ->
                values.forEach(score -> scores.put(metric + "." + score.name(), score.value())));
    return scores;
  }

  /**
   * Scores the student if it is time.
   *
   * @param finished iterations done
   * @return scores under {@code score/<metric>.<name>}; none if it is not time
   */
  Map<String, Double> look(long finished) {
    if (reference.isEmpty() || finished % settings.every() != 0) {
      return Map.of();
    }
    Map<String, Metric.Tally> tallies = metrics.begin();
    draw(
        (noise, prompts, owner) ->
            run.studentSamples(student.get(), role.averaged(), noise, prompts, owner),
        "monitor",
        tallies,
        n -> {}); // a request to stop waits for the checkpoint that follows
    Map<String, Double> scores = scores(tallies);
    keepIfBest(finished, scores);
    Map<String, Double> logged = new LinkedHashMap<>();
    scores.forEach(
        (name, value) -> {
          if (!Double.isFinite(value)) {
            LOG.warn(
                "{}: score {} is {} at iteration {}: the student's samples are no usable pictures",
                stage,
                name,
                value,
                finished);
          }
          logged.put(MonitorSettings.SCORE + name, value);
        });
    return logged;
  }

  private void keepIfBest(long finished, Map<String, Double> scores) {
    MonitorSettings.Best best = settings.best();
    if (best == null) {
      return;
    }
    double value = scores.getOrDefault(best.score(), Double.NaN);
    Path folder = run.folder(stage).resolve(BEST);
    double before = value(folder, best);
    boolean better = best.highest() ? value > before : value < before;
    if (!better || !Double.isFinite(value)) {
      return;
    }
    StudentFiles.write(folder, run.studentTuning(), role.trained(), student.get().sampling());
    try {
      Folders.replace(
          folder.resolve(FILE),
          JSON.writeValueAsBytes(
              Map.of("iteration", finished, "score", best.score(), "value", value)));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    LOG.info("{}: best {} so far, {} at iteration {}", stage, best.score(), value, finished);
  }

  /** The best value so far, of this run or the one it goes on with. */
  private static double value(Path folder, MonitorSettings.Best best) {
    Path file = folder.resolve(FILE);
    if (!Files.exists(file)) {
      return best.highest() ? Double.NEGATIVE_INFINITY : Double.POSITIVE_INFINITY;
    }
    try {
      JsonNode json = JSON.readTree(file.toFile());
      return json.path("value").asDouble();
    } catch (IOException e) {
      throw new UncheckedIOException(file + ": cannot be read; delete the folder", e);
    }
  }

  /**
   * To be called when the log holds what a resumed run goes on from.
   *
   * @see StopRules#resume
   */
  void resume() {
    rules.resume();
  }

  /**
   * Looks at a line of the log.
   *
   * @see StopRules#check
   */
  void check(long finished, Map<String, Double> line) {
    rules.check(finished, line);
  }

  /**
   * What the stage hands on: the last student's trained weights, or the best one's.
   *
   * @param owner owns the best one's
   */
  Weights result(NDManager owner) {
    Path folder = run.folder(stage).resolve(BEST);
    return settings.useBest() && StudentFiles.exists(folder)
        ? StudentFiles.trained(folder, run.studentTuning(), owner)
        : role.trained();
  }

  @Override
  public void close() {
    metrics.close();
  }
}
