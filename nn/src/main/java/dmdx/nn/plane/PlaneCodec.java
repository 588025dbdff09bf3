package dmdx.nn.plane;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import dmdx.api.ImageSize;
import dmdx.api.LatentCodec;
import dmdx.api.network.Pass;
import org.jspecify.annotations.Nullable;

/**
 * Points are their own latents; a picture shows many of them over the density.
 *
 * @param masses of the grid's cells
 */
record PlaneCodec(PlaneGrid grid, double[] masses) implements LatentCodec {
  private static final int POINTS = 2000;
  private static final int SIDE = 300;

  @Override
  public @Nullable String component() {
    return null;
  }

  /** {@code [rows, 2]}, whatever the size. */
  @Override
  public Shape latentShape(int rows, ImageSize size) {
    return new Shape(rows, 2);
  }

  @Override
  public int stride() {
    return 1;
  }

  @Override
  public NDArray encode(Pass pass, NDArray points) {
    return points;
  }

  @Override
  public NDArray decode(Pass pass, NDArray latents) {
    return latents;
  }

  @Override
  public int samplesPerPicture() {
    return POINTS;
  }

  @Override
  public NDArray pictures(NDArray points) {
    int scale = Math.max(1, Math.round((float) SIDE / grid.cells()));
    return grid.pictures(masses, points, POINTS, scale);
  }
}
