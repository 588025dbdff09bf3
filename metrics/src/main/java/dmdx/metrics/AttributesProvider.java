package dmdx.metrics;

import dmdx.api.Metric;
import dmdx.api.MetricProvider;
import dmdx.api.Teacher;
import dmdx.api.settings.Settings;
import java.nio.file.Path;

/**
 * Provides {@code attributes}. Setting {@code classifier}: folder of an {@link
 * dmdx.nn.classify.AttributeClassifier}.
 */
public final class AttributesProvider implements MetricProvider {

  /** Stateless. */
  public AttributesProvider() {}

  @Override
  public String name() {
    return "attributes";
  }

  @Override
  public String description() {
    return "a classifier's verdict on what was asked for, Frechet distance and diversity of its"
        + " features";
  }

  @Override
  public Metric open(Teacher teacher, Settings settings) {
    Path classifier = settings.path("classifier");
    settings.finish();
    return AttributesMetric.open(classifier);
  }
}
