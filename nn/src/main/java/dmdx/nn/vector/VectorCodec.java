package dmdx.nn.vector;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import dmdx.api.ImageSize;
import dmdx.api.LatentCodec;
import dmdx.api.network.Pass;
import java.util.function.UnaryOperator;

/**
 * Vectors are their own latents; many of them make a picture.
 *
 * @param component the component named in place of an autoencoder's
 * @param dimensions length of a vector
 * @param samplesPerPicture vectors shown together
 * @param drawing {@code [n samplesPerPicture, dimensions] -> [n, 3, H, W]}, in [-1, 1]
 */
public record VectorCodec(
    String component, int dimensions, int samplesPerPicture, UnaryOperator<NDArray> drawing)
    implements LatentCodec {

  @Override
  public Shape latentShape(int rows, ImageSize size) {
    return new Shape(rows, dimensions);
  }

  @Override
  public int stride() {
    return 1;
  }

  @Override
  public NDArray encode(Pass pass, NDArray vectors) {
    return vectors;
  }

  @Override
  public NDArray decode(Pass pass, NDArray latents) {
    return latents;
  }

  @Override
  public NDArray pictures(NDArray decoded) {
    return drawing.apply(decoded);
  }
}
