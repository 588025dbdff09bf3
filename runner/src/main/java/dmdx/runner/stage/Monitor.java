package dmdx.runner.stage;

import ai.djl.ndarray.NDManager;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dmdx.api.Metric;
import dmdx.api.network.Weights;
import dmdx.api.settings.Names;
import dmdx.api.settings.SettingsException;
import dmdx.runner.checkpoint.Folders;
import dmdx.runner.train.DivergenceException;
import dmdx.runner.train.StopRequest;
import dmdx.runner.train.TrainableRole;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
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
 * weights.
 */
final class Monitor implements AutoCloseable {
  static final String BEST = "best";
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
  private final Map<String, Integer> broken = new HashMap<>();
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
    metrics = MetricSet.open(run, run.trial() == null ? settings.metrics() : List.of());
    requests =
        PromptSet.repeated(run.prompts().first(settings.prompts()), settings.samplesPerPrompt());
  }

  /** Finds what is wrong with the settings and files of its metrics. */
  static void check(RunContext run) {
    MetricSet.open(run, run.settings().monitor().metrics()).close();
  }

  /**
   * Draws the reference; to be called before training.
   *
   * @throws SettingsException if the best score is none of those there are
   */
  void prepare() {
    if (settings.every() == 0) {
      return;
    }
    Map<String, Metric.Tally> drawn = metrics.begin();
    draw(
        Candidates.teacher(run, settings.steps(), settings.guidance()).generator(),
        "monitor/reference",
        drawn,
        n -> StopRequest.check("stopped while the reference was drawn. Run again to go on."));
    reference = drawn;
    MonitorSettings.Best best = settings.best();
    Set<String> names = scores(drawn).keySet();
    if (best != null && !names.contains(best.score())) {
      throw new SettingsException(
          List.of(
              "'monitor.best' is '%s', but the scores are %s.%s"
                  .formatted(best.score(), Names.list(names), Names.hint(best.score(), names))));
    }
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
    scores.forEach((name, value) -> logged.put("score/" + name, value));
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
   * Looks at a line of the log.
   *
   * @throws DivergenceException if a rule is broken for as many lines in a row as it says
   */
  void check(long finished, Map<String, Double> line) {
    for (MonitorSettings.StopRule rule : settings.stop()) {
      Double value = line.get(rule.metric());
      if (value == null) {
        continue;
      }
      int count = rule.isBroken(value) ? broken.merge(rule.metric(), 1, Integer::sum) : 0;
      if (count == 0) {
        broken.remove(rule.metric());
      } else if (count >= rule.lines()) {
        throw new DivergenceException(
            "iteration %d: '%s' is %s, %s, in %d line%s of the log in a row, which 'monitor.stop' does not allow. Change the settings and start a new run"
                .formatted(
                    finished,
                    rule.metric(),
                    value,
                    Double.isFinite(rule.above())
                        ? "above " + rule.above()
                        : "below " + rule.below(),
                    count,
                    count == 1 ? "" : "s"));
      }
    }
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
