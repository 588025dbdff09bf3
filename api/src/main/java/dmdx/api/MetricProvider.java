package dmdx.api;

import dmdx.api.settings.Settings;

/** Opens one kind of metric. Found with {@link java.util.ServiceLoader}. */
public interface MetricProvider extends Plugin {

  @Override
  default String kind() {
    return "metric";
  }

  /**
   * @param teacher the teacher whose samples, or whose students' samples, are scored
   * @param settings the plugin's own settings; every key must be read
   * @return the metric; the caller closes it
   */
  Metric open(Teacher teacher, Settings settings);
}
