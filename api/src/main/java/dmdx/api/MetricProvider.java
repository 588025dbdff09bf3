package dmdx.api;

import dmdx.api.settings.Settings;

/** Opens one kind of metric. Found with {@link java.util.ServiceLoader}. */
public interface MetricProvider extends Plugin {

  @Override
  default String kind() {
    return "metric";
  }

  /**
   * Opens the metric. A run opens it once to check settings and files before anything else happens,
   * so weights are best read when the first sample is seen.
   *
   * @param teacher the teacher whose samples, or whose students' samples, are scored
   * @param settings the plugin's own settings; every key must be read
   * @return the metric; the caller closes it
   */
  Metric open(Teacher teacher, Settings settings);
}
