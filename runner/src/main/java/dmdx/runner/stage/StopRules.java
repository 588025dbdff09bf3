package dmdx.runner.stage;

import dmdx.api.settings.Names;
import dmdx.api.settings.SettingsException;
import dmdx.runner.report.MetricsLog;
import dmdx.runner.train.DivergenceException;
import dmdx.runner.train.TrainingPlan;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;

/**
 * What ends a training stage early, {@code monitor.stop}. The rules are those of all stages of a
 * run, so a metric may be one that only another stage logs.
 */
final class StopRules {
  private final RunContext run;
  private final String stage;
  private final List<MonitorSettings.StopRule> rules;
  private final Map<String, Integer> broken = new HashMap<>();

  StopRules(RunContext run, String stage) {
    this.run = run;
    this.stage = stage;
    rules = run.settings().monitor().stop();
  }

  /**
   * Rules for metrics that are known before training not to be logged: scores, and what follows
   * from the plans of all stages.
   *
   * @param scores all there are
   * @param planned metrics of this stage's {@link TrainingPlan}
   */
  List<String> problems(Set<String> scores, Set<String> planned) {
    if (rules.isEmpty()) {
      return List.of();
    }
    Set<String> names = logged();
    scores.forEach(score -> names.add(MonitorSettings.SCORE + score));
    names.addAll(planned);
    return rules.stream()
        .map(MonitorSettings.StopRule::metric)
        .filter(
            metric ->
                metric.startsWith(MonitorSettings.SCORE)
                    || (isLast() && TrainingPlan.isOfPlan(metric)))
        .filter(metric -> !names.contains(metric))
        .map(metric -> unknown(metric, names))
        .toList();
  }

  /**
   * To be called when all of a stage's lines are in the log.
   *
   * @throws SettingsException if a rule's metric is in no line of any stage, and no stage is to
   *     come that might log it
   */
  void requireApplied() {
    if (rules.isEmpty() || !isLast()) {
      return;
    }
    Set<String> names = logged();
    List<String> problems =
        rules.stream()
            .map(MonitorSettings.StopRule::metric)
            .filter(metric -> !names.contains(metric))
            .map(metric -> unknown(metric, names) + " What is trained is kept: run again.")
            .toList();
    if (!problems.isEmpty()) {
      throw new SettingsException(problems);
    }
  }

  /** Whether no later stage has rules. */
  private boolean isLast() {
    return stage.equals(AdmStage.NAME) || !run.settings().stages().contains(AdmStage.NAME);
  }

  /** What the lines of all stages with rules hold. */
  private Set<String> logged() {
    Set<String> names = new TreeSet<>();
    for (String name : List.of(AdpStage.NAME, AdmStage.NAME)) {
      lines(name).forEach(line -> names.addAll(line.keySet()));
    }
    return names;
  }

  private List<Map<String, Double>> lines(String stage) {
    return MetricsLog.lines(run.folder(stage).resolve(MetricsLog.FILE));
  }

  private static String unknown(String metric, Set<String> names) {
    return "'monitor.stop' has a rule for '%s', which is never logged.%s Correct or remove it. Logged are %s."
        .formatted(metric, Names.hint(metric, names), String.join(", ", names));
  }

  /** Takes the lines into account that the log already holds. */
  void resume() {
    lines(stage).forEach(line -> rules.forEach(rule -> count(rule, line)));
  }

  /** How many lines up to this one break a rule in a row; lines without its metric do not count. */
  private int count(MonitorSettings.StopRule rule, Map<String, Double> line) {
    Double value = line.get(rule.metric());
    if (value == null) {
      return 0;
    }
    if (!rule.isBroken(value)) {
      broken.remove(rule.metric());
      return 0;
    }
    return broken.merge(rule.metric(), 1, Integer::sum);
  }

  /**
   * Looks at a line of the log.
   *
   * @throws DivergenceException if a rule is broken for as many lines in a row as it says
   */
  void check(long finished, Map<String, Double> line) {
    for (MonitorSettings.StopRule rule : rules) {
      int count = count(rule, line);
      if (count >= rule.lines()) {
        double value = Objects.requireNonNull(line.get(rule.metric()));
        throw new DivergenceException(
            "iteration %d: '%s' is %s, %s, in %s of the log in a row, which 'monitor.stop' does not allow. Change the settings and start a new run"
                .formatted(
                    finished,
                    rule.metric(),
                    value,
                    rule.broken(value),
                    Names.count(count, "line")));
      }
    }
  }
}
