package dmdx.metrics;

import dmdx.api.Metric;
import dmdx.api.MetricProvider;
import dmdx.api.Teacher;
import dmdx.api.settings.Settings;

/**
 * Provides {@code pick-score}: the mean of {@code exp(logit_scale) cos} over pictures and their
 * prompts (Kirstain et al. 2023). Settings as of {@link ClipScoreProvider}; the checkpoint is
 * PickScore v1, a {@code CLIPModel} of the size ViT-H/14.
 */
public final class PickScoreProvider implements MetricProvider {

  /** Stateless. */
  public PickScoreProvider() {}

  @Override
  public String name() {
    return "pick-score";
  }

  @Override
  public String description() {
    return "PickScore: what people would pick, about 20 to 24";
  }

  @Override
  public Metric open(Teacher teacher, Settings settings) {
    ClipSettings clip = ClipSettings.from(settings);
    settings.finish();
    return new MatchMetric(name(), clip.open(), (cosine, scale) -> scale * cosine);
  }
}
