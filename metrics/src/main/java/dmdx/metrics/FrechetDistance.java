package dmdx.metrics;

import dmdx.api.Metric;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.ejml.data.DMatrixRMaj;
import org.ejml.dense.row.CommonOps_DDRM;
import org.ejml.dense.row.factory.DecompositionFactory_DDRM;
import org.ejml.interfaces.decomposition.EigenDecomposition_F64;

/**
 * Frechet distance of two Gaussians fitted to features: {@code |m1 - m2|^2 + tr(S1 + S2 - 2 (S1
 * S2)^(1/2))}.
 */
final class FrechetDistance {
  private static final int RESAMPLES = 50;
  private static final double NORMAL_95 = 1.959964;

  /** Multiplications that intervals are worth: some seconds. */
  private static final double WORTH = 4e9;

  private FrechetDistance() {}

  /**
   * The distance and its interval, {@code d +- 1.96 s} with the standard deviation s of the
   * distance between resamples: prompts are drawn with replacement, the same for both sets where
   * both have as many. Percentiles would be of no use, as resamples are further apart than samples
   * are. There is no interval with fewer than two prompts, nor where it would take long, which is
   * beyond some 200 features. Where a feature is not finite the distance is NaN.
   */
  static Metric.Score score(String name, FeatureRows a, FeatureRows b) {
    double distance = between(a.rows(), b.rows());
    double width = a.rows().get(0).length;
    double work = RESAMPLES * width * width * (a.rows().size() + b.rows().size() + 10 * width);
    if (Double.isNaN(distance) || a.promptCount() < 2 || b.promptCount() < 2 || work > WORTH) {
      return new Metric.Score(name, distance, Metric.Format.NUMBER);
    }
    double reach = NORMAL_95 * deviation(a.byPrompt(), b.byPrompt());
    return new Metric.Score(
        name, distance, Math.max(0, distance - reach), distance + reach, Metric.Format.NUMBER);
  }

  private static double deviation(List<List<float[]>> a, List<List<float[]>> b) {
    List<float[]> drawnA = new ArrayList<>();
    List<float[]> drawnB = new ArrayList<>();
    int shared = Math.max(a.size(), b.size());
    double[] distances =
        PromptMean.resampled(
            RESAMPLES,
            shared,
            prompt -> {
              drawnA.addAll(a.get(prompt % a.size()));
              drawnB.addAll(b.get(prompt % b.size()));
            },
            () -> {
              double distance = between(drawnA, drawnB);
              drawnA.clear();
              drawnB.clear();
              return distance;
            });
    double mean = Arrays.stream(distances).average().orElseThrow();
    double squares = 0;
    for (double distance : distances) {
      squares += (distance - mean) * (distance - mean);
    }
    return Math.sqrt(squares / (RESAMPLES - 1));
  }

  /**
   * @param a features, one row per sample, at least 2 rows
   * @param b features of the same width
   * @return the distance; NaN where a feature is not finite
   * @throws IllegalArgumentException if either has fewer than 2 rows
   */
  static double between(List<float[]> a, List<float[]> b) {
    if (a.size() < 2 || b.size() < 2) {
      throw new IllegalArgumentException(
          "Frechet distance of %d samples to %d: expected at least 2 of each"
              .formatted(a.size(), b.size()));
    }
    double[] meanA = mean(a);
    double[] meanB = mean(b);
    double distance = 0;
    for (int i = 0; i < meanA.length; i++) {
      distance += (meanA[i] - meanB[i]) * (meanA[i] - meanB[i]);
    }
    if (!Double.isFinite(distance)) {
      return Double.NaN;
    }
    DMatrixRMaj covA = covariance(a, meanA);
    DMatrixRMaj covB = covariance(b, meanB);
    DMatrixRMaj rootA = squareRoot(covA);
    DMatrixRMaj left = new DMatrixRMaj(1, 1);
    DMatrixRMaj product = new DMatrixRMaj(1, 1);
    CommonOps_DDRM.mult(rootA, covB, left);
    CommonOps_DDRM.mult(left, rootA, product);
    double cross = 0;
    for (double value : eigenvalues(product)) {
      cross += Math.sqrt(Math.max(0, value));
    }
    return distance + CommonOps_DDRM.trace(covA) + CommonOps_DDRM.trace(covB) - 2 * cross;
  }

  private static double[] mean(List<float[]> rows) {
    double[] mean = new double[rows.get(0).length];
    for (float[] row : rows) {
      for (int i = 0; i < mean.length; i++) {
        mean[i] += row[i];
      }
    }
    for (int i = 0; i < mean.length; i++) {
      mean[i] /= rows.size();
    }
    return mean;
  }

  private static DMatrixRMaj covariance(List<float[]> rows, double[] mean) {
    int width = mean.length;
    DMatrixRMaj centred = new DMatrixRMaj(rows.size(), width);
    for (int r = 0; r < rows.size(); r++) {
      for (int i = 0; i < width; i++) {
        centred.set(r, i, rows.get(r)[i] - mean[i]);
      }
    }
    DMatrixRMaj covariance = new DMatrixRMaj(width, width);
    CommonOps_DDRM.multTransA(1.0 / (rows.size() - 1), centred, centred, covariance);
    return covariance;
  }

  /** The symmetric square root of a positive semi-definite matrix. */
  private static DMatrixRMaj squareRoot(DMatrixRMaj symmetric) {
    EigenDecomposition_F64<DMatrixRMaj> eigen = decompose(symmetric, true);
    int width = symmetric.getNumRows();
    DMatrixRMaj root = new DMatrixRMaj(width, width);
    for (int i = 0; i < width; i++) {
      double scale = Math.sqrt(Math.max(0, eigen.getEigenvalue(i).getReal()));
      DMatrixRMaj vector = eigen.getEigenVector(i);
      CommonOps_DDRM.multAddTransB(scale, vector, vector, root);
    }
    return root;
  }

  private static double[] eigenvalues(DMatrixRMaj symmetric) {
    EigenDecomposition_F64<DMatrixRMaj> eigen = decompose(symmetric, false);
    double[] values = new double[symmetric.getNumRows()];
    for (int i = 0; i < values.length; i++) {
      values[i] = eigen.getEigenvalue(i).getReal();
    }
    return values;
  }

  private static EigenDecomposition_F64<DMatrixRMaj> decompose(
      DMatrixRMaj symmetric, boolean vectors) {
    EigenDecomposition_F64<DMatrixRMaj> eigen =
        DecompositionFactory_DDRM.eig(symmetric.getNumRows(), vectors, true);
    DMatrixRMaj copy = new DMatrixRMaj(symmetric);
    DMatrixRMaj transposed = new DMatrixRMaj(1, 1);
    CommonOps_DDRM.transpose(symmetric, transposed);
    CommonOps_DDRM.add(0.5, copy, 0.5, transposed, copy);
    if (!eigen.decompose(copy)) {
      throw new ArithmeticException(
          "the covariance of the features has no eigendecomposition; are they finite?");
    }
    return eigen;
  }
}
