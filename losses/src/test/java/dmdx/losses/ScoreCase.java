package dmdx.losses;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import dmdx.api.DivergenceLoss;
import dmdx.api.ScoreEstimates;
import dmdx.nn.torch.Autograd;
import java.util.Objects;
import java.util.function.DoubleUnaryOperator;
import java.util.function.UnaryOperator;

/**
 * One-dimensional samples on a grid, so that an expectation is a sum with known weights.
 *
 * @param points the samples, one per row
 */
record ScoreCase(NDManager manager, double[] points) {

  /** {@code n} points, equally spaced. */
  static ScoreCase grid(NDManager manager, double low, double high, int n) {
    double[] points = new double[n];
    for (int i = 0; i < n; i++) {
      points[i] = low + (high - low) * (i + 0.5) / n;
    }
    return new ScoreCase(manager, points);
  }

  NDArray column(DoubleUnaryOperator f) {
    float[] values = new float[points.length];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) f.applyAsDouble(points[i]);
    }
    return manager.create(values, new Shape(values.length, 1));
  }

  ScoreEstimates estimates(NDArray student, NDArray fake, NDArray real, NDArray step) {
    double[] t = new double[points.length];
    return new ScoreEstimates(student, t, t, fake, real, step, step, null);
  }

  /**
   * The gradient of each sample's own loss, without its share in the mean and its normalisation.
   *
   * @param student the samples
   * @param estimates builds the estimates from the leaf
   */
  @SuppressWarnings("try") // resources that act by being open
  double[] gradients(
      DivergenceLoss loss,
      NDArray student,
      UnaryOperator<NDArray> real,
      UnaryOperator<NDArray> fake,
      NDArray step,
      DivergenceLoss.Critic critic) {
    try (Autograd.Mode recording = Autograd.recording()) {
      NDArray leaf = Autograd.leaf(student);
      NDArray clean = real.apply(leaf);
      Autograd.backward(loss.generator(estimates(leaf, fake.apply(leaf), clean, step), critic));
      float[] distance = clean.stopGradient().sub(student).abs().toFloatArray();
      float[] g = Objects.requireNonNull(Autograd.gradient(leaf)).toFloatArray();
      double[] gradients = new double[g.length];
      for (int i = 0; i < g.length; i++) {
        gradients[i] = (double) g[i] * g.length * distance[i];
      }
      return gradients;
    }
  }

  /** The expectation of per-sample values under a density. */
  double expectation(double[] values, DoubleUnaryOperator density) {
    double sum = 0;
    double mass = 0;
    for (int i = 0; i < values.length; i++) {
      double p = density.applyAsDouble(points[i]);
      sum += p * values[i];
      mass += p;
    }
    return sum / mass;
  }

  /** The density of a Gaussian. */
  static double gaussian(double x, double mean, double variance) {
    double d = x - mean;
    return Math.exp(-d * d / (2 * variance)) / Math.sqrt(2 * Math.PI * variance);
  }
}
