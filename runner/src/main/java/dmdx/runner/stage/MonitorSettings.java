package dmdx.runner.stage;

import dmdx.api.settings.Settings;
import dmdx.runner.plugin.PluginRegistry;
import dmdx.runner.stage.EvaluateSettings.MetricSettings;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What is watched while a student is trained.
 *
 * @param every iterations between scores of the student; 0 for none
 * @param prompts the first prompts, which samples are made of
 * @param samplesPerPrompt samples per prompt, at least 2
 * @param batch samples made together
 * @param steps network evaluations of the teacher, whose samples are the reference
 * @param guidance guidance scale of the teacher
 * @param metrics what scores the samples
 * @param best by which score the best student is told, or {@code null} to keep none
 * @param useBest whether a stage ends with the best student instead of the last
 * @param stop what ends a run early
 */
record MonitorSettings(
    int every,
    int prompts,
    int samplesPerPrompt,
    int batch,
    int steps,
    double guidance,
    List<MetricSettings> metrics,
    @Nullable Best best,
    boolean useBest,
    List<StopRule> stop) {

  /** What the names of scores begin with in {@code metrics.jsonl}. */
  static final String SCORE = "score/";

  /**
   * @param score {@code metric.score}, such as {@code attributes.frechet}
   * @param highest whether the highest value is the best
   */
  record Best(String score, boolean highest) {}

  /**
   * @param metric name in {@code metrics.jsonl}
   * @param above a run ends when the value is larger; infinite for no such limit
   * @param below a run ends when the value is smaller; infinite for no such limit
   * @param lines how many lines of the log in a row it takes
   */
  record StopRule(String metric, double above, double below, int lines) {

    /** NaN breaks every rule. */
    boolean isBroken(double value) {
      return !(value <= above && value >= below);
    }

    /** What a value that breaks it is. */
    String broken(double value) {
      return Double.isNaN(value)
          ? "which is no number"
          : Double.isFinite(above) ? "above " + above : "below " + below;
    }
  }

  static MonitorSettings from(Settings s, PluginRegistry plugins) {
    int every = s.integer("every", 0, Integer.MAX_VALUE);
    List<MetricSettings> metrics = List.of();
    if (every > 0) {
      metrics = EvaluateSettings.metrics(s, plugins);
    } else {
      s.ignore("metrics");
      plugins.names("metric").forEach(s::ignore);
    }
    Best best =
        s.has("best")
            ? new Best(
                s.text("best"), s.choice("best-is", List.of("lowest", "highest")).equals("highest"))
            : null;
    s.ignore("best-is");
    boolean useBest = s.flag("use-best");
    if (best == null && useBest) {
      s.problem("use-best", "is true, but 'best' names no score. Set 'best', or leave it false.");
    }
    if (best != null && every == 0) {
      s.problem("best", "needs scores, but 'every' is 0. Say how often the student is scored.");
    }
    return new MonitorSettings(
        every,
        s.integer("prompts", 1, 100_000),
        s.integer("samples-per-prompt", 2, 100_000),
        s.integer("batch", 1, 100_000),
        s.integer("steps", 1, 1000),
        s.number("guidance", 1, 100),
        metrics,
        best,
        useBest,
        rules(s.section("stop"), every));
  }

  private static List<StopRule> rules(Settings s, int every) {
    List<StopRule> rules = new ArrayList<>();
    for (String metric : s.keys()) {
      Settings rule = s.section(metric);
      if (every == 0 && metric.startsWith(SCORE)) {
        s.problem(
            metric, "needs scores, but 'monitor.every' is 0. Say how often the student is scored.");
      }
      if (rule.has("above") == rule.has("below")) {
        rule.problem("above", "and 'below': give one of the two.");
      }
      rules.add(
          new StopRule(
              metric,
              rule.has("above") ? rule.number("above", -1e30, 1e30) : Double.POSITIVE_INFINITY,
              rule.has("below") ? rule.number("below", -1e30, 1e30) : Double.NEGATIVE_INFINITY,
              rule.has("lines") ? rule.integer("lines", 1, 1_000_000) : 1));
    }
    return List.copyOf(rules);
  }
}
