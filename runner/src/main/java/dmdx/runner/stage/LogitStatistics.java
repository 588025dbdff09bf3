package dmdx.runner.stage;

import ai.djl.ndarray.NDArray;
import dmdx.nn.torch.Scope;
import dmdx.runner.train.Iteration;
import java.util.List;

/** What shows a discriminator's health: hinge losses hide collapse, margin and spread do not. */
final class LogitStatistics {
  private LogitStatistics() {}

  /** Logs {@code margin/name}, mean real minus mean fake logit, and {@code spread/name}. */
  static void log(Iteration iteration, String name, List<NDArray> real, List<NDArray> fake) {
    try (Scope scope = new Scope()) {
      double[] r = moments(real);
      double[] f = moments(fake);
      iteration.log("margin/" + name, r[0] - f[0]);
      iteration.log("spread/" + name, Math.sqrt(0.5 * (r[1] + f[1])));
    }
  }

  /** Mean and variance, averaged over maps. */
  private static double[] moments(List<NDArray> maps) {
    double mean = 0;
    double variance = 0;
    for (NDArray map : maps) {
      NDArray constant = map.stopGradient();
      double m = constant.mean().getFloat();
      mean += m;
      variance += constant.square().mean().getFloat() - m * m;
    }
    return new double[] {mean / maps.size(), Math.max(0, variance / maps.size())};
  }
}
