package dmdx.metrics;

import dmdx.api.Metric;
import dmdx.api.MetricProvider;
import dmdx.api.Teacher;
import dmdx.api.settings.Settings;
import java.nio.file.Path;
import java.util.List;

/**
 * Provides {@code frechet}: {@link FrechetMetric} on the features of a network of choice. Settings:
 *
 * <ul>
 *   <li>{@code features}: {@code clip} for a CLIP's embeddings, {@code alex} or {@code vgg} for
 *       those of torchvision's classifiers, {@code attributes} for those of the classifier that the
 *       metric {@code attributes} asks
 *   <li>{@code path}: folder of the CLIP or the attribute classifier, or torchvision's file
 *   <li>{@code tokenizer}: with {@code clip}, folder of its tokenizer if that is another
 *   <li>{@code neighbours}: which nearest neighbour bounds the balls of precision, recall, density
 *       and coverage
 * </ul>
 */
public final class FrechetProvider implements MetricProvider {
  private static final String CLIP = "clip";
  private static final String ATTRIBUTES = "attributes";

  /** Stateless. */
  public FrechetProvider() {}

  @Override
  public String name() {
    return "frechet";
  }

  @Override
  public String description() {
    return "Frechet distance, precision, recall, density and coverage of a network's features";
  }

  @Override
  public Metric open(Teacher teacher, Settings settings) {
    String features = settings.choice("features", List.of(CLIP, "alex", "vgg", ATTRIBUTES));
    Path path = settings.path("path");
    int neighbours = settings.integer("neighbours", 1, 1000);
    if (features.equals(CLIP)) {
      ClipSettings clip = ClipSettings.from(settings);
      settings.finish();
      return new FrechetMetric(FeatureNetwork.clip(clip.open()), neighbours);
    }
    settings.finish();
    return new FrechetMetric(
        features.equals(ATTRIBUTES)
            ? FeatureNetwork.attributes(path)
            : FeatureNetwork.classifier(features, path),
        neighbours);
  }
}
