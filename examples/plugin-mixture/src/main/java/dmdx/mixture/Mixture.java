package dmdx.mixture;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import dmdx.api.Diffusion;
import dmdx.api.NoiseSchedule;
import dmdx.nn.plane.PlaneDistribution;
import dmdx.nn.plane.PlaneGrid;
import dmdx.nn.torch.Ops;
import java.util.ArrayList;
import java.util.List;

/**
 * Equal Gaussians on a square lattice around the origin.
 *
 * @param side Gaussians along each axis
 * @param spacing distance between neighbours
 * @param std their standard deviation s
 */
record Mixture(int side, double spacing, double std) implements PlaneDistribution {

  @Override
  public List<double[]> modes() {
    List<double[]> modes = new ArrayList<>();
    for (int k = 0; k < side * side; k++) {
      double centre = (side - 1) / 2.0;
      modes.add(new double[] {(k % side - centre) * spacing, (k / side - centre) * spacing});
    }
    return modes;
  }

  @Override
  public double density(double x, double y) {
    double sum = 0;
    for (double[] mode : modes()) {
      double squared = Math.pow(x - mode[0], 2) + Math.pow(y - mode[1], 2);
      sum += Math.exp(-squared / (2 * std * std));
    }
    return sum / (side * side * 2 * Math.PI * std * std);
  }

  @Override
  public double reach() {
    return 3 * std;
  }

  @Override
  public PlaneGrid grid() {
    return new PlaneGrid(-side * spacing / 2, side * spacing / 2, 8 * side);
  }

  /**
   * At time t the mode m_k gives {@code N(alpha m_k, v)} with {@code v = alpha^2 s^2 + sigma^2}, so
   * {@code E[x0 | x] = sum_k p(k | x) (m_k + (x - alpha m_k) alpha s^2 / v)}.
   */
  @Override
  public NDArray clean(NDArray x, double[] t, NoiseSchedule schedule) {
    float[] centres = new float[2 * side * side];
    List<double[]> modes = modes();
    for (int i = 0; i < centres.length; i++) {
      centres[i] = (float) modes.get(i / 2)[i % 2];
    }
    NDArray m = Ops.constant(x, centres, new Shape(1, modes.size(), 2));
    NDArray alpha = Diffusion.rows(x, t, schedule::alpha);
    NDArray variance = Diffusion.rows(x, t, u -> variance(u, schedule));
    NDArray shrink = Diffusion.rows(x, t, u -> schedule.alpha(u) * std * std / variance(u, schedule));
    NDArray squared = x.expandDims(1).sub(m.mul(alpha.expandDims(2))).square().sum(new int[] {2});
    NDArray p = Ops.times(squared.div(variance), -0.5).softmax(1);
    NDArray mean = m.mul(p.expandDims(2)).sum(new int[] {1});
    return mean.add(x.sub(mean.mul(alpha)).mul(shrink));
  }

  private double variance(double t, NoiseSchedule schedule) {
    return Math.pow(schedule.alpha(t) * std, 2) + Math.pow(schedule.sigma(t), 2);
  }
}
