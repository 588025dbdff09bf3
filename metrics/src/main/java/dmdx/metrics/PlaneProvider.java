package dmdx.metrics;

import dmdx.api.Metric;
import dmdx.api.MetricProvider;
import dmdx.api.Teacher;
import dmdx.api.settings.Settings;
import dmdx.nn.plane.PlaneTeacher;

/** The metric {@code plane}: points against an exact density. */
public final class PlaneProvider implements MetricProvider {

  /** Stateless. */
  public PlaneProvider() {}

  @Override
  public String name() {
    return "plane";
  }

  @Override
  public String description() {
    return "modes found, total variation and reverse KL of points against an exact density";
  }

  /**
   * @throws IllegalArgumentException if the teacher's samples are no points of the plane
   */
  @Override
  public Metric open(Teacher teacher, Settings settings) {
    settings.finish();
    if (teacher instanceof PlaneTeacher plane) {
      return new PlaneMetric(plane.distribution());
    }
    throw new IllegalArgumentException(
        "the metric 'plane' scores points of the plane, but the samples of this teacher are others. Choose another metric.");
  }
}
