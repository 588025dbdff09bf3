package dmdx.runner.ablation;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dmdx.api.CheckpointException;
import dmdx.nn.weights.Unreadable;
import dmdx.runner.ablation.Estimate.Score;
import dmdx.runner.report.RunFolder;
import dmdx.runner.stage.Timings;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;

/**
 * What a finished run measured, by metric: {@code attributes.garment}, {@code time.adm}.
 *
 * @param student of the last model of {@code evaluation.json}, and seconds of every stage
 * @param teacher of the first one
 */
record RunScores(Map<String, Score> student, Map<String, Score> teacher) {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Set<String> NO_METRIC = Set.of("model", "evaluations");
  private static final String INTERVALS = "intervals";

  /**
   * @param run a run's folder
   * @throws CheckpointException if it holds no evaluation
   */
  static RunScores read(Path run) {
    Path file = run.resolve(RunFolder.EVALUATION);
    JsonNode models;
    try {
      models = JSON.readTree(file.toFile());
    } catch (IOException e) {
      throw new CheckpointException(
          "%s: cannot be read (%s). Add 'evaluate' to the stages."
              .formatted(file, Unreadable.why(e)),
          e);
    }
    if (models.isEmpty()) {
      throw new CheckpointException("%s: holds no model.".formatted(file));
    }
    Map<String, Score> student = scores(models.get(models.size() - 1));
    Timings.in(run).finished().forEach((stage, s) -> student.put("time." + stage, Score.of(s)));
    return new RunScores(student, scores(models.get(0)));
  }

  /**
   * Scores are numbers, {@code {"value", "low", "high"}}, or numbers with an object {@code
   * intervals} beside them that holds {@code [low, high]} of some.
   */
  private static Map<String, Score> scores(JsonNode model) {
    Map<String, Score> scores = new LinkedHashMap<>();
    for (Map.Entry<String, JsonNode> metric : model.properties()) {
      if (NO_METRIC.contains(metric.getKey())) {
        continue;
      }
      JsonNode intervals = metric.getValue().path(INTERVALS);
      for (Map.Entry<String, JsonNode> score : metric.getValue().properties()) {
        if (!score.getKey().equals(INTERVALS)) {
          JsonNode interval = intervals.path(score.getKey());
          scores.put(
              metric.getKey() + "." + score.getKey(),
              score.getValue().isObject()
                  ? new Score(
                      number(score.getValue().path("value")),
                      number(score.getValue().path("low")),
                      number(score.getValue().path("high")))
                  : new Score(
                      number(score.getValue()),
                      number(interval.path(0)),
                      number(interval.path(1))));
        }
      }
    }
    return scores;
  }

  /** Some JSON writers have texts for what JSON has no number for. */
  private static double number(JsonNode value) {
    return value.asDouble(Double.NaN);
  }
}
