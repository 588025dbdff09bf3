package dmdx.metrics;

import dmdx.api.Metric;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/**
 * How two sets of features overlap. The ball of a sample reaches as far as its k-th nearest
 * neighbour in its own set; on its edge is inside.
 *
 * <pre>
 * precision  share of the samples in the ball of any reference   Kynkaanniemi et al. 2019
 * recall     share of the references in the ball of any sample   the same
 * density    mean over samples of (reference balls they are in) / k   Naeem et al. 2020
 * coverage   share of the references with any sample in their ball   the same
 * </pre>
 *
 * <p>Their intervals are over the prompts of the samples (precision, density) or of the references
 * (recall, coverage), the other set as it is.
 *
 * @param samples at least k + 1
 * @param reference at least k + 1
 */
record Neighbourhoods(FeatureRows samples, FeatureRows reference, int k) {

  List<Metric.Score> scores() {
    List<float[]> own = samples.rows();
    List<float[]> other = reference.rows();
    double[] ownReach = reach(own);
    double[] otherReach = reach(other);
    int[] ballsOver = new int[own.size()];
    PromptMean recall = new PromptMean();
    PromptMean coverage = new PromptMean();
    for (int r = 0; r < other.size(); r++) {
      double[] distances = distances(other.get(r), own);
      boolean recalled = false;
      boolean covered = false;
      for (int s = 0; s < distances.length; s++) {
        recalled |= distances[s] <= ownReach[s];
        if (distances[s] <= otherReach[r]) {
          covered = true;
          ballsOver[s]++;
        }
      }
      recall.add(reference.prompt(r), recalled ? 1 : 0);
      coverage.add(reference.prompt(r), covered ? 1 : 0);
    }
    PromptMean precision = new PromptMean();
    PromptMean density = new PromptMean();
    for (int s = 0; s < ballsOver.length; s++) {
      precision.add(samples.prompt(s), ballsOver[s] > 0 ? 1 : 0);
      density.add(samples.prompt(s), ballsOver[s] / (double) k);
    }
    return List.of(
        precision.score("precision", Metric.Format.SHARE),
        recall.score("recall", Metric.Format.SHARE),
        density.score("density", Metric.Format.NUMBER),
        coverage.score("coverage", Metric.Format.SHARE));
  }

  /** Squared distances to the k-th nearest neighbours in the same set. */
  private double[] reach(List<float[]> rows) {
    double[] reach = new double[rows.size()];
    for (int i = 0; i < reach.length; i++) {
      double[] distances = distances(rows.get(i), rows);
      Arrays.sort(distances);
      reach[i] = distances[k]; // the nearest is the row itself
    }
    return reach;
  }

  private static double[] distances(float[] from, List<float[]> rows) {
    return IntStream.range(0, rows.size())
        .parallel()
        .mapToDouble(i -> Diversity.squaredDistance(from, rows.get(i)))
        .toArray();
  }
}
