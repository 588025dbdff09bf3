package dmdx.metrics;

import java.util.List;

/** Mean Euclidean distance between the features of two pictures of one prompt. */
final class Diversity {
  private Diversity() {}

  /** Empty if no prompt has two pictures. */
  static PromptMean of(FeatureRows features) {
    PromptMean mean = new PromptMean();
    List<List<float[]>> prompts = features.byPrompt();
    for (int prompt = 0; prompt < prompts.size(); prompt++) {
      List<float[]> rows = prompts.get(prompt);
      for (int i = 0; i < rows.size(); i++) {
        for (int j = 0; j < i; j++) {
          mean.add(prompt, Math.sqrt(squaredDistance(rows.get(i), rows.get(j))));
        }
      }
    }
    return mean;
  }

  static double squaredDistance(float[] a, float[] b) {
    double squared = 0;
    for (int k = 0; k < a.length; k++) {
      double d = a[k] - b[k];
      squared += d * d;
    }
    return squared;
  }
}
