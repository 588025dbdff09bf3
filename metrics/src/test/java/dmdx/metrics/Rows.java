package dmdx.metrics;

import java.util.List;

/** Features for tests. */
final class Rows {
  private Rows() {}

  /** Row i belongs to prompt i. */
  static FeatureRows each(List<float[]> rows) {
    FeatureRows features = new FeatureRows();
    for (int i = 0; i < rows.size(); i++) {
      features.add(rows.get(i), "prompt " + i);
    }
    return features;
  }

  static FeatureRows of(List<String> prompts, List<float[]> rows) {
    FeatureRows features = new FeatureRows();
    for (int i = 0; i < rows.size(); i++) {
      features.add(rows.get(i), prompts.get(i));
    }
    return features;
  }

  /** A number each. */
  static FeatureRows line(double... numbers) {
    return each(java.util.Arrays.stream(numbers).mapToObj(x -> new float[] {(float) x}).toList());
  }
}
