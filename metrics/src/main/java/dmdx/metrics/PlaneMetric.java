package dmdx.metrics;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dmdx.api.Metric;
import dmdx.nn.plane.PlaneDistribution;
import dmdx.nn.plane.PlaneGrid;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What points have of a distribution, cell by cell of its grid: total variation, {@code KL(q|p)} of
 * the points' q, and how many modes have at least a fifth of their share of the points in reach.
 *
 * <p>Of n points in m cells total variation is too large by up to about {@code sqrt(m / (2 pi n))},
 * also for the distribution itself.
 */
record PlaneMetric(PlaneDistribution distribution) implements Metric {
  private static final double ENOUGH = 0.2;

  @Override
  public Tally begin() {
    return new Points();
  }

  private final class Points implements Tally {
    private final List<float[]> batches = new ArrayList<>();

    @Override
    public void add(NDArray points, List<String> prompts) {
      batches.add(points.toFloatArray());
    }

    @Override
    public List<Score> scores(Tally reference) {
      float[] xy = joined();
      PlaneGrid grid = distribution.grid();
      double[] exact = grid.masses(distribution::density);
      double[] found = grid.shares(xy);
      return List.of(
          new Score("modes", modes(xy), Format.COUNT),
          new Score("TV", PlaneGrid.totalVariation(exact, found), Format.NUMBER),
          new Score("KL", PlaneGrid.divergence(found, exact), Format.NUMBER));
    }

    @Override
    public Optional<Map<String, NDArray>> save(NDManager owner) {
      return Optional.of(Map.of("points", owner.create(joined())));
    }

    @Override
    public void restore(Map<String, NDArray> saved, List<String> prompts) {
      batches.add(Saved.tensor(saved, "points").toFloatArray());
    }

    private float[] joined() {
      float[] all = new float[batches.stream().mapToInt(batch -> batch.length).sum()];
      int at = 0;
      for (float[] batch : batches) {
        System.arraycopy(batch, 0, all, at, batch.length);
        at += batch.length;
      }
      return all;
    }

    private int modes(float[] xy) {
      List<double[]> modes = distribution.modes();
      double enough = ENOUGH * (xy.length / 2.0) / modes.size();
      int found = 0;
      for (double[] mode : modes) {
        int near = 0;
        for (int i = 0; i < xy.length; i += 2) {
          double distance = Math.hypot(xy[i] - mode[0], xy[i + 1] - mode[1]);
          near += distance < distribution.reach() ? 1 : 0;
        }
        found += near >= enough ? 1 : 0;
      }
      return found;
    }
  }
}
