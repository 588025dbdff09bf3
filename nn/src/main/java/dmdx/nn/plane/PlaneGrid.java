package dmdx.nn.plane;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import dmdx.nn.torch.Ops;
import java.util.Arrays;
import java.util.function.DoubleBinaryOperator;

/**
 * A square of the plane in equal cells, on which densities and clouds of points are compared and
 * drawn. Whatever lies outside counts as one more cell, the last.
 *
 * <p>The masses of a distribution are the probabilities of the cells: {@code cells * cells + 1}
 * numbers that sum to 1, row by row from low y, in a row from low x, the last that of the outside.
 *
 * @param low smallest x and y
 * @param high largest x and y
 * @param cells cells along each side
 */
public record PlaneGrid(double low, double high, int cells) {
  private static final int SUBCELLS = 4;
  private static final float[] PAPER = {1, 1, 1};
  private static final float[] SHADE = {0.55f, 0.71f, 0.93f};
  private static final float[] INK = {0.72f, 0.16f, 0.10f};

  public PlaneGrid {
    if (!(high > low) || cells < 1) {
      throw new IllegalArgumentException(
          "grid from %s to %s in %d cells".formatted(low, high, cells));
    }
  }

  private double width() {
    return (high - low) / cells;
  }

  /**
   * The mass of a density in every cell, by the midpoints of 16 parts of it.
   *
   * @param density at (x, y), normalised over the plane
   * @return the masses. What the cells do not have is the outside's, which is never 0; a density
   *     that is coarse beside the parts may give the cells a little more than 1
   */
  public double[] masses(DoubleBinaryOperator density) {
    double[] masses = new double[cells * cells + 1];
    double part = width() / SUBCELLS;
    int side = cells * SUBCELLS;
    for (int j = 0; j < side; j++) {
      for (int i = 0; i < side; i++) {
        masses[j / SUBCELLS * cells + i / SUBCELLS] +=
            part * part * density.applyAsDouble(low + (i + 0.5) * part, low + (j + 0.5) * part);
      }
    }
    double outside = 1 - Arrays.stream(masses).sum();
    masses[cells * cells] = Math.max(outside, Double.MIN_NORMAL);
    return masses;
  }

  /**
   * The share of points in every cell.
   *
   * @param points x and y in turn
   * @return the masses of the points' empirical distribution
   */
  public double[] shares(float[] points) {
    double[] shares = new double[cells * cells + 1];
    for (int k = 0; k + 1 < points.length; k += 2) {
      shares[cell(points[k], points[k + 1])] += 2.0 / points.length;
    }
    return shares;
  }

  private int cell(double x, double y) {
    if (!(x >= low && x < high && y >= low && y < high)) {
      return cells * cells; // not a number, too
    }
    int i = Math.min(cells - 1, (int) ((x - low) / width()));
    int j = Math.min(cells - 1, (int) ((y - low) / width()));
    return j * cells + i;
  }

  /** Half the sum of the absolute differences of two distributions' masses, in [0, 1]. */
  public static double totalVariation(double[] p, double[] q) {
    double sum = 0;
    for (int i = 0; i < p.length; i++) {
      sum += Math.abs(p[i] - q[i]);
    }
    return sum / 2;
  }

  /** {@code KL(q|p)} of masses in nats: the reverse divergence where q is the student's. */
  public static double divergence(double[] q, double[] p) {
    double sum = 0;
    for (int i = 0; i < q.length; i++) {
      sum += q[i] == 0 ? 0 : q[i] * Math.log(q[i] / Math.max(p[i], Double.MIN_NORMAL));
    }
    return sum;
  }

  /**
   * Draws clouds of points over a shaded density, y upwards.
   *
   * @param masses of {@link #masses}
   * @param points {@code [n pointsPerPicture, 2]}
   * @param scale pixels along a cell's side
   * @return {@code [n, 3, cells * scale, cells * scale]}, in [-1, 1]
   */
  public NDArray pictures(double[] masses, NDArray points, int pointsPerPicture, int scale) {
    int side = cells * scale;
    int plane = side * side;
    double peak = Arrays.stream(masses).limit((long) cells * cells).max().orElse(1);
    float[] xy = points.toFloatArray();
    int count = xy.length / (2 * pointsPerPicture);
    float[] pixels = new float[count * 3 * plane];
    for (int n = 0; n < count; n++) {
      for (int pixel = 0; pixel < plane; pixel++) {
        int row = (side - 1 - pixel / side) / scale;
        double shade = Math.sqrt(masses[row * cells + pixel % side / scale] / peak);
        paint(pixels, n * 3 * plane + pixel, plane, PAPER, SHADE, shade);
      }
      for (int k = n * pointsPerPicture; k < (n + 1) * pointsPerPicture; k++) {
        int x = (int) Math.floor((xy[2 * k] - low) / (high - low) * side);
        int y = side - 1 - (int) Math.floor((xy[2 * k + 1] - low) / (high - low) * side);
        if (!Float.isFinite(xy[2 * k] + xy[2 * k + 1])) {
          continue;
        }
        for (int dot = 0; dot < 4; dot++) {
          int right = x + dot % 2;
          int below = y + dot / 2;
          if (right >= 0 && below >= 0 && right < side && below < side) {
            paint(pixels, n * 3 * plane + below * side + right, plane, INK, INK, 1);
          }
        }
      }
    }
    return Ops.constant(points, pixels, new Shape(count, 3, side, side));
  }

  /** A colour between two, in [-1, 1], in three planes. */
  private static void paint(
      float[] pixels, int at, int plane, float[] from, float[] to, double share) {
    for (int c = 0; c < 3; c++) {
      pixels[at + c * plane] = (float) (2 * (from[c] + share * (to[c] - from[c])) - 1);
    }
  }
}
