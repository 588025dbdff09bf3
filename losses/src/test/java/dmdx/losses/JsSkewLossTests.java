package dmdx.losses;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import com.typesafe.config.ConfigFactory;
import dmdx.api.DivergenceLoss;
import dmdx.api.settings.Settings;
import dmdx.api.settings.SettingsException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Student {@code q = N(MU, V)} and teacher {@code p = N(M, W)} at {@code x_t}, noise of variance N.
 */
class JsSkewLossTests {
  private static final double M = 0.5;
  private static final double W = 2;
  private static final double MU = -1;
  private static final double V = 1.2;
  private static final double N = 0.5;

  private final NDManager manager = NDManager.newBaseManager();
  private final ScoreCase grid = ScoreCase.grid(manager, -10, 9, 1500);

  @AfterEach
  void close() {
    manager.close();
  }

  @ParameterizedTest
  @ValueSource(doubles = {0.1, 0.5, 0.9})
  void gradient_is_that_of_the_divergence(double alpha) {
    double h = 1e-3;
    double expected = (divergence(alpha, MU + h) - divergence(alpha, MU - h)) / (2 * h);
    // the means of heads and positions are the ratio's logarithm
    DivergenceLoss.Critic exact =
        (x, t) -> {
          NDArray ratio = grid.column(JsSkewLossTests::logRatio);
          return List.of(ratio.add(1f), ratio.sub(3f).concat(ratio.add(1f), 1));
        };
    double[] gradients = gradients(new JsSkewLoss(alpha), exact);
    double gradient = grid.expectation(gradients, x -> ScoreCase.gaussian(x, MU, V)) / N;
    assertEquals(expected, gradient, 2e-3 * Math.abs(expected));
  }

  @Test
  void is_the_dmd_gradient_while_the_critic_knows_nothing() {
    double[] undecided = gradients(new JsSkewLoss(0.3), (x, t) -> List.of(grid.column(p -> 0)));
    double[] dmd = gradients(new DmdLoss(), (x, t) -> List.of());
    assertArrayEquals(dmd, undecided, 1e-4);
  }

  @Test
  void a_confident_critic_bounds_the_weight() {
    double[] sure = gradients(new JsSkewLoss(0.25), (x, t) -> List.of(grid.column(p -> 1000)));
    double[] dmd = gradients(new DmdLoss(), (x, t) -> List.of());
    for (int i = 0; i < sure.length; i++) {
      assertEquals(4 * dmd[i], sure[i], 1e-3 * (1 + Math.abs(sure[i])));
    }
    double[] none = gradients(new JsSkewLoss(0.25), (x, t) -> List.of(grid.column(p -> -1000)));
    assertArrayEquals(new double[none.length], none);
  }

  @Test
  void critic_minimises_the_logistic_loss() {
    NDArray x = grid.column(p -> 0);
    float loss =
        new JsSkewLoss(0.5)
            .critic(grid.estimates(x, x, x, x), (y, t) -> List.of(y.add(2f)))
            .getFloat();
    assertEquals(Math.log1p(Math.exp(2)) + Math.log1p(Math.exp(-2)), loss, 1e-5);
  }

  @Test
  void rejects_a_mixture_of_one_part() {
    assertThrows(
        SettingsException.class,
        () ->
            new JsSkewProvider()
                .create(Settings.of(ConfigFactory.parseString("alpha = 1"), Path.of("."))));
  }

  /** The student's samples lie far off, so that their distance to the estimates has no zero. */
  private double[] gradients(DivergenceLoss loss, DivergenceLoss.Critic critic) {
    NDArray fake = grid.column(x -> x - N * (x - MU) / V);
    NDArray real = grid.column(x -> x - N * (x - M) / W);
    return grid.gradients(
        loss, grid.column(x -> x + 30), x -> real, x -> fake, grid.column(x -> x), critic);
  }

  private static double logRatio(double x) {
    return Math.log(ScoreCase.gaussian(x, M, W) / ScoreCase.gaussian(x, MU, V));
  }

  private static double divergence(double alpha, double mu) {
    double sum = 0;
    double dx = 1e-3;
    for (double x = -10; x < 9; x += dx) {
      double p = ScoreCase.gaussian(x, M, W);
      double q = ScoreCase.gaussian(x, mu, V);
      double mixture = alpha * p + (1 - alpha) * q;
      sum += dx * q * Math.log(q / mixture) / alpha;
      sum += dx * p * Math.log(p / mixture) / (1 - alpha);
    }
    return sum;
  }
}
