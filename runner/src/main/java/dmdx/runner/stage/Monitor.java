package dmdx.runner.stage;

import ai.djl.ndarray.NDManager;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dmdx.api.Metric;
import dmdx.api.network.Weights;
import dmdx.runner.checkpoint.Folders;
import dmdx.runner.train.DivergenceException;
import dmdx.runner.train.TrainableRole;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
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
  private @Nullable Map<String, Metric.Tally> reference;

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

  /**
   * Scores the student if it is time.
   *
   * @param finished iterations done
   * @return scores under {@code score/<metric>.<name>}; none if it is not time
   */
  Map<String, Double> look(long finished) {
    if (settings.every() == 0 || finished % settings.every() != 0) {
      return Map.of();
    }
    SampleDraw samples = new SampleDraw(run, requests, settings.batch(), drawn -> {});
    Map<String, Metric.Tally> known = reference;
    if (known == null) {
      known = metrics.begin();
      samples.draw(
          Candidates.teacher(run, settings.steps(), settings.guidance()).generator(),
          "monitor/reference",
          known,
          SampleDraw.NOTHING);
      reference = known;
    }
    Map<String, Metric.Tally> tallies = metrics.begin();
    samples.draw(
        (noise, prompts, owner) ->
            run.studentSamples(student.get(), role.averaged(), noise, prompts, owner),
        "monitor",
        tallies,
        SampleDraw.NOTHING);
    Map<String, Double> scores = new LinkedHashMap<>();
    MetricSet.scores(tallies, known)
        .forEach(
            (metric, values) ->
                values.forEach(score -> scores.put(metric + "." + score.name(), score.value())));
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
    Double value = scores.get(best.score());
    if (value == null) {
      throw new dmdx.api.settings.SettingsException(
          List.of(
              "'monitor.best' is '%s', but the scores are %s. Name one of them."
                  .formatted(best.score(), String.join(", ", scores.keySet()))));
    }
    Path folder = run.folder(stage).resolve(BEST);
    double before = value(folder, best);
    if (best.highest() ? value <= before : value >= before) {
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
