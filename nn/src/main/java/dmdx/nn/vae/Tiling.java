package dmdx.nn.vae;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.Shape;
import dmdx.api.network.Pass;
import dmdx.nn.torch.Ops;
import java.util.Arrays;

/**
 * Runs an {@link Autoencoder} on overlapping tiles of height and width, so that the memory needed
 * follows from the tile rather than the frame. Where tiles overlap they are blended linearly. Tiles
 * have equal sizes and are spread evenly.
 *
 * <p>The norms of an autoencoder see one tile at a time. Its result therefore differs a little from
 * that on whole frames, unless one tile covers the frame.
 *
 * @param size side of a tile in pixels, a multiple of the autoencoder's {@link
 *     AutoencoderSettings#downscale}
 * @param overlap least number of pixels that neighbours share, such a multiple too; below size
 */
public record Tiling(int size, int overlap) {

  public Tiling {
    if (overlap < 0 || size <= overlap) {
      throw new IllegalArgumentException(
          "tiles of %d pixels that overlap by %d; expected a size above the overlap, and that not negative"
              .formatted(size, overlap));
    }
  }

  /**
   * {@link Autoencoder#encodeMoments} by tiles.
   *
   * @param pixels {@code [B, 3, …, H, W]}
   * @return {@code [B, 2 Z, …, h, w]}
   */
  public NDArray encodeMoments(Autoencoder network, Pass pass, NDArray pixels) {
    int scale = network.config().downscale();
    return run(pass, pixels, scale, scale, 1, network::encodeMoments);
  }

  /**
   * {@link Autoencoder#decode} by tiles.
   *
   * @param latents {@code [B, Z, …, h, w]}
   * @return {@code [B, 3, …, H, W]}
   */
  public NDArray decode(Autoencoder network, Pass pass, NDArray latents) {
    int scale = network.config().downscale();
    return run(pass, latents, scale, 1, scale, network::decode);
  }

  /** What is done with every tile. */
  @FunctionalInterface
  interface Tile {
    NDArray through(Pass pass, NDArray tile);
  }

  /**
   * @param x {@code [..., H, W]}
   * @param scale pixels a latent
   * @param in elements of {@code x} a latent
   * @param out elements of the result a latent
   */
  NDArray run(Pass pass, NDArray x, int scale, int in, int out, Tile network) {
    Grid grid = new Grid(this, scale, in, out);
    int width = x.getShape().dimension() - 1;
    return grid.joined(
        pass, x, width - 1, (rows, strip) -> grid.joined(rows, strip, width, network));
  }

  /**
   * Tiles along an axis, in units of latents.
   *
   * @param in input elements a latent
   * @param out output elements a latent
   */
  private record Grid(int size, int overlap, int in, int out) {

    Grid(Tiling tiling, int scale, int in, int out) {
      this(tiling.size / scale, tiling.overlap / scale, in, out);
      if (tiling.size % scale != 0 || tiling.overlap % scale != 0) {
        throw new IllegalArgumentException(
            "tiles of %d pixels that overlap by %d; both must be multiples of %d"
                .formatted(tiling.size, tiling.overlap, scale));
      }
    }

    /** The network on each tile along an axis, joined. */
    NDArray joined(Pass pass, NDArray x, int axis, Tile network) {
      long length = x.getShape().get(axis) / in;
      if (length <= size) {
        return network.through(pass, x);
      }
      return pass.group(
          "tiles",
          (p, whole) -> {
            long[] starts = starts(length);
            NDArray joined = tile(p, whole[0], axis, starts[0], network);
            for (int i = 1; i < starts.length; i++) {
              try (NDArray before = joined;
                  NDArray next = tile(p, whole[0], axis, starts[i], network)) {
                joined = blended(before, next, axis, starts[i] * out);
              }
            }
            return joined;
          },
          x);
    }

    private NDArray tile(Pass pass, NDArray x, int axis, long start, Tile network) {
      return network.through(pass, Ops.slice(x, axis, start * in, (start + size) * in));
    }

    private long[] starts(long length) {
      int step = size - overlap;
      long last = length - size;
      int steps = Math.toIntExact((last + step - 1) / step);
      long[] starts = new long[steps + 1];
      Arrays.setAll(starts, i -> Math.round((double) i * last / steps));
      return starts;
    }
  }

  /** {@code next} from {@code start} on, blended into the end of {@code x} where they overlap. */
  private static NDArray blended(NDArray x, NDArray next, int axis, long start) {
    long end = x.getShape().get(axis);
    int shared = Math.toIntExact(end - start);
    if (shared == 0) {
      return NDArrays.concat(new NDList(x, next), axis);
    }
    float[] share = new float[shared];
    for (int i = 0; i < shared; i++) {
      share[i] = (i + 0.5f) / shared;
    }
    long[] shape = new long[x.getShape().dimension()];
    Arrays.fill(shape, 1);
    shape[axis] = shared;
    NDArray from = Ops.slice(x, axis, start, end);
    NDArray to = Ops.slice(next, axis, 0, shared);
    NDArray between =
        from.add(to.sub(from).mul(Ops.castLike(Ops.constant(x, share, new Shape(shape)), x)));
    return NDArrays.concat(
        new NDList(
            Ops.slice(x, axis, 0, start),
            between,
            Ops.slice(next, axis, shared, next.getShape().get(axis))),
        axis);
  }
}
