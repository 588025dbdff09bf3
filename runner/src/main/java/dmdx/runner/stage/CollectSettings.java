package dmdx.runner.stage;

import dmdx.api.GuidanceRange;
import dmdx.api.settings.Settings;
import org.jspecify.annotations.Nullable;

/**
 * ODE-pair collection.
 *
 * @param pairs how many
 * @param sampler sampler name; {@code null} for the teacher's default
 * @param steps network evaluations a pair (each doubled by guidance)
 * @param guidance guidance scales, one drawn per pair; {@code null} for the teacher's range
 * @param batch pairs solved together
 * @param shard pairs per file
 */
record CollectSettings(
    int pairs,
    @Nullable String sampler,
    int steps,
    @Nullable GuidanceRange guidance,
    int batch,
    int shard) {

  static CollectSettings from(Settings s) {
    int max = Integer.MAX_VALUE;
    return new CollectSettings(
        s.integer("pairs", 1, max),
        s.optionalText("sampler"),
        s.integer("steps", 1, 1000),
        s.optionalGuidance("guidance"),
        s.integer("batch", 1, max),
        s.integer("shard", 1, max));
  }
}
