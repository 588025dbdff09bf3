package dmdx.losses;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dmdx.api.DivergenceLoss;
import dmdx.nn.torch.Ops;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Student {@code N(MU, S^2)}, teacher {@code N(M, P^2)}, diffused to {@code x_t = A x0 + SIGMA
 * eps}; a posterior mean is {@code mean + k (x_t - A mean)} with {@code k = A var / (A^2 var +
 * SIGMA^2)}.
 */
class FisherLossTests {
  private static final double A = 0.8;
  private static final double SIGMA = 0.6;
  private static final double M = 0.5;
  private static final double P = 1.5;
  private static final double MU = -1;
  private static final double S = 0.7;
  private static final DivergenceLoss.Critic NONE =
      (x, t) -> {
        throw new AssertionError("fisher has no critic");
      };

  private final NDManager manager = NDManager.newBaseManager();

  @AfterEach
  void close() {
    manager.close();
  }

  @ParameterizedTest
  @ValueSource(doubles = {0, 0.5, 1, 1.2})
  void gradient_at_the_student_s_mean_is_the_closed_form(double alpha) {
    double ofReal = slope(P);
    double ofFake = slope(S);
    double expected =
        (1 - A * ofReal) * (M - MU) * (2 * (1 - alpha) * A * (ofReal - ofFake) + A * ofFake - 1);
    assertEquals(expected, gradient(alpha), 1e-4);
    assertTrue(alpha < 0.5 || expected < 0, "descent moves the student towards the teacher");
  }

  @Test
  void half_alpha_is_half_the_gradient_of_the_fisher_divergence() {
    double h = 1e-3;
    double derivative = (divergence(MU + h) - divergence(MU - h)) / (2 * h);
    assertEquals(derivative / 2, gradient(0.5), 1e-4);
  }

  @Test
  void asks_for_the_gradient_through_both_scores() {
    assertTrue(new FisherLoss(1).inputs().contains(DivergenceLoss.Input.DIFFERENTIABLE_REAL));
    assertTrue(new FisherLoss(1).inputs().contains(DivergenceLoss.Input.DIFFERENTIABLE_FAKE));
  }

  @Test
  void a_student_that_equals_the_estimates_has_a_finite_loss() {
    NDArray same = manager.ones(new ai.djl.ndarray.types.Shape(2, 3));
    ScoreCase two = ScoreCase.grid(manager, 0, 1, 2);
    float loss =
        new FisherLoss(1).generator(two.estimates(same, same, same, same), NONE).getFloat();
    assertEquals(0, loss);
  }

  private static double slope(double deviation) {
    double variance = deviation * deviation;
    return A * variance / (A * A * variance + SIGMA * SIGMA);
  }

  /** {@code E |F - f|^2} with the student's own posterior mean f, whose mean is {@code mu}. */
  private static double divergence(double mu) {
    double constant = (1 - A * slope(P)) * (M - mu);
    double linear = slope(P) - slope(S);
    return constant * constant + linear * linear * (A * A * S * S + SIGMA * SIGMA);
  }

  /** The expectation of the gradient of a sample, whose derivative by the student's mean is 1. */
  private double gradient(double alpha) {
    double sum = 0;
    for (double eps : new double[] {-1, 1}) { // matches the noise's mean and variance
      ScoreCase grid = ScoreCase.grid(manager, MU - 6 * S, MU + 6 * S, 400);
      double[] gradients =
          grid.gradients(
              new FisherLoss(alpha),
              grid.column(x -> x),
              x -> posterior(x, eps, M, P),
              x -> posterior(x, eps, MU, S),
              grid.column(x -> 0),
              NONE);
      sum += grid.expectation(gradients, x -> ScoreCase.gaussian(x, MU, S * S)) / 2;
    }
    return sum;
  }

  private static NDArray posterior(NDArray x, double eps, double mean, double deviation) {
    NDArray xt = Ops.times(x, A).add((float) (SIGMA * eps));
    return Ops.times(xt.sub((float) (A * mean)), slope(deviation)).add((float) mean);
  }
}
