package dmdx.nn.plane;

import ai.djl.ndarray.NDArray;
import dmdx.api.NoiseSchedule;
import java.util.List;

/** A distribution of the plane that is known exactly. */
public interface PlaneDistribution {

  /** The normalised density at a point. */
  double density(double x, double y);

  /** Centres {@code {x, y}} of its modes. */
  List<double[]> modes();

  /** How far from a centre a point still belongs to the mode. */
  double reach();

  /** Where the density is compared and drawn; it holds almost all of the mass. */
  PlaneGrid grid();

  /**
   * The exact clean estimate {@code E[x0 | x_t]}; differentiable in {@code x}.
   *
   * @param x points {@code [B, 2]} at time t
   * @param t one time per row
   * @return {@code [B, 2]}
   */
  NDArray clean(NDArray x, double[] t, NoiseSchedule schedule);
}
