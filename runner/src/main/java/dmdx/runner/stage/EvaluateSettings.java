package dmdx.runner.stage;

import dmdx.api.settings.Settings;
import java.nio.file.Path;

/**
 * Scores of teacher and student samples under a classifier.
 *
 * @param classifier folder of an attribute classifier
 * @param samplesPerPrompt pictures per prompt and model, at least 2
 * @param batch pictures made together
 * @param steps the teacher's network evaluations
 * @param guidance the teacher's guidance scale
 */
record EvaluateSettings(
    Path classifier, int samplesPerPrompt, int batch, int steps, double guidance) {

  static EvaluateSettings from(Settings s) {
    return new EvaluateSettings(
        s.path("classifier"),
        s.integer("samples-per-prompt", 2, 100_000),
        s.integer("batch", 1, 100_000),
        s.integer("steps", 1, 1000),
        s.number("guidance", 1, 100));
  }
}
