package dmdx.runner.stage;

import dmdx.api.settings.Settings;

/**
 * The comparison picture of teacher and student.
 *
 * @param prompts rows of the picture
 * @param columns samples of every model in a row
 * @param steps the teacher's network evaluations
 * @param guidance the teacher's guidance scale
 */
record SampleSettings(int prompts, int columns, int steps, double guidance) {

  static SampleSettings from(Settings s) {
    return new SampleSettings(
        s.integer("prompts", 1, 100),
        s.integer("columns", 1, 100),
        s.integer("steps", 1, 1000),
        s.number("guidance", 1, 100));
  }
}
