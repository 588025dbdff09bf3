package dmdx.nn.plane;

import ai.djl.ndarray.NDArray;
import dmdx.api.Conditioning;
import dmdx.api.Diffusion;
import dmdx.api.FlowSchedule;
import dmdx.api.network.Denoiser;
import dmdx.api.network.ParameterSpec;
import dmdx.api.network.Pass;
import java.util.List;

/**
 * {@code E[eps - x0 | x_t] = (x_t - x0_hat) / sigma_t} of a distribution on the straight path; it
 * has no weights. Below a thousandth of the path the quotient of nearly equal numbers is taken
 * there.
 */
record ExactVelocity(PlaneDistribution distribution, FlowSchedule schedule) implements Denoiser {
  private static final double SMALLEST = 1e-3;

  @Override
  public List<ParameterSpec> parameters() {
    return List.of();
  }

  @Override
  public NDArray forward(Pass pass, NDArray x, NDArray t, Conditioning conditioning) {
    float[] rows = t.toFloatArray();
    double[] times = new double[rows.length];
    for (int i = 0; i < rows.length; i++) {
      times[i] = Math.max(rows[i], SMALLEST * schedule.horizon());
    }
    NDArray sigma = Diffusion.rows(x, times, schedule::sigma);
    return x.sub(distribution.clean(x, times, schedule)).div(sigma);
  }
}
