package dmdx.runner.stage;

import dmdx.api.settings.Settings;
import dmdx.runner.plugin.PluginRegistry;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * Scores of teacher and student samples.
 *
 * @param metrics what scores them, in order; none if the videos are all that is asked for
 * @param samplesPerPrompt samples per prompt and model, at least 2
 * @param batch samples made together
 * @param steps the teacher's network evaluations
 * @param guidance the teacher's guidance scale
 * @param vbench whether every sample is written as a video for VBench
 */
record EvaluateSettings(
    List<MetricSettings> metrics,
    int samplesPerPrompt,
    int batch,
    int steps,
    double guidance,
    boolean vbench) {

  /** Which metric, and its own settings. */
  record MetricSettings(String plugin, Settings own) {}

  static EvaluateSettings from(Settings s, PluginRegistry plugins) {
    boolean vbench = s.flag("vbench");
    return new EvaluateSettings(
        vbench && !s.has("metrics") ? none(s, plugins) : metrics(s, plugins),
        s.integer("samples-per-prompt", 2, 100_000),
        s.integer("batch", 1, 100_000),
        s.integer("steps", 1, 1000),
        s.number("guidance", 1, 100),
        vbench);
  }

  /** No metric; sections of any may stay. */
  private static List<MetricSettings> none(Settings s, PluginRegistry plugins) {
    plugins.names("metric").forEach(s::ignore);
    return List.of();
  }

  /** The chosen metrics with their sections. */
  static List<MetricSettings> metrics(Settings s, PluginRegistry plugins) {
    List<String> chosen = s.choices("metrics", plugins.names("metric"));
    Set<String> names = new LinkedHashSet<>(chosen);
    if (names.size() < chosen.size()) {
      s.problem("metrics", "names a metric twice. Name each once.");
    }
    return names.stream()
        .map(name -> new MetricSettings(name, plugins.own(s, plugins.metric(name))))
        .toList();
  }
}
