package dmdx.metrics;

import java.util.List;
import java.util.OptionalDouble;

/** Mean Euclidean distance between the features of two pictures of one prompt. */
final class Diversity {
  private Diversity() {}

  /**
   * @param prompts one per picture; the pictures of one prompt follow one another
   * @param features one row per picture
   * @return empty if no prompt has two pictures
   */
  static OptionalDouble of(List<String> prompts, List<float[]> features) {
    double sum = 0;
    long pairs = 0;
    int first = 0;
    for (int i = 0; i < features.size(); i++) {
      if (!prompts.get(i).equals(prompts.get(first))) {
        first = i;
      }
      for (int j = first; j < i; j++) {
        sum += distance(features.get(i), features.get(j));
        pairs++;
      }
    }
    return pairs == 0 ? OptionalDouble.empty() : OptionalDouble.of(sum / pairs);
  }

  private static double distance(float[] a, float[] b) {
    double squared = 0;
    for (int k = 0; k < a.length; k++) {
      double d = a[k] - b[k];
      squared += d * d;
    }
    return Math.sqrt(squared);
  }
}
