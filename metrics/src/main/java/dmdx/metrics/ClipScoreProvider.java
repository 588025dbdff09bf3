package dmdx.metrics;

import dmdx.api.Metric;
import dmdx.api.MetricProvider;
import dmdx.api.Teacher;
import dmdx.api.settings.Settings;

/**
 * Provides {@code clip-score}: the mean of {@code 100 max(cos, 0)} over pictures and their prompts
 * (Hessel et al. 2021 with weight 100, as in torchmetrics). Setting {@code path}: folder of a
 * {@code CLIPModel}, {@code config.json} and {@code model.safetensors}; {@code tokenizer}: folder
 * of {@code vocab.json} and {@code merges.txt}, the same unless set.
 */
public final class ClipScoreProvider implements MetricProvider {

  /** Stateless. */
  public ClipScoreProvider() {}

  @Override
  public String name() {
    return "clip-score";
  }

  @Override
  public String description() {
    return "100 times the cosine of pictures and prompts, by a CLIP";
  }

  @Override
  public Metric open(Teacher teacher, Settings settings) {
    ClipSettings clip = ClipSettings.from(settings);
    settings.finish();
    return new MatchMetric(name(), clip.open(), (cosine, scale) -> 100 * Math.max(cosine, 0));
  }
}
