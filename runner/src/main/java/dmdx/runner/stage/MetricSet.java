package dmdx.runner.stage;

import dmdx.api.Metric;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/** Open metrics, by name. */
record MetricSet(Map<String, Metric> byName) implements AutoCloseable {

  /**
   * @throws dmdx.api.settings.SettingsException if a metric's settings or files are wrong; nothing
   *     stays open
   */
  static MetricSet open(RunContext run, List<EvaluateSettings.MetricSettings> settings) {
    MetricSet metrics = new MetricSet(new LinkedHashMap<>());
    try {
      for (EvaluateSettings.MetricSettings m : settings) {
        metrics.byName.put(
            m.plugin(), run.plugins().metric(m.plugin()).open(run.teacher(), m.own()));
      }
      return metrics;
    } catch (RuntimeException e) {
      metrics.close();
      throw e;
    }
  }

  /** A tally of every metric. */
  Map<String, Metric.Tally> begin() {
    Map<String, Metric.Tally> tallies = new LinkedHashMap<>();
    byName.forEach((name, metric) -> tallies.put(name, metric.begin()));
    return tallies;
  }

  static Map<String, List<Metric.Score>> scores(
      Map<String, Metric.Tally> tallies, Map<String, Metric.Tally> reference) {
    Map<String, List<Metric.Score>> scores = new LinkedHashMap<>();
    tallies.forEach(
        (name, tally) ->
            scores.put(name, tally.scores(Objects.requireNonNull(reference.get(name)))));
    return scores;
  }

  @Override
  public void close() {
    byName.values().forEach(Metric::close);
  }
}
