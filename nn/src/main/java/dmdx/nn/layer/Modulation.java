package dmdx.nn.layer;

import ai.djl.ndarray.NDArray;
import dmdx.api.network.Pass;
import dmdx.nn.torch.Ops;

/**
 * What the conditioning says to a layer: {@code linear(SiLU(emb))}, cut into vectors. The matrix
 * starts at zero.
 *
 * @param name module path; the matrix is {@code ….linear}
 * @param in E, width of the embedding
 * @param width D
 * @param parts number of vectors
 */
public record Modulation(String name, int in, int width, int parts) implements Layer {

  @Override
  public void declare(Parameters parameters) {
    parameters.add(linear());
  }

  /**
   * @param s {@code SiLU(emb) [B, E]}
   * @return the vectors, each {@code [B, 1, D]}
   */
  public NDArray[] forward(Pass pass, NDArray s) {
    NDArray all = linear().forward(pass, s).reshape(s.getShape().get(0), 1, -1);
    NDArray[] vectors = new NDArray[parts];
    for (int i = 0; i < parts; i++) {
      vectors[i] = Ops.slice(all, 2, (long) i * width, (i + 1L) * width);
    }
    return vectors;
  }

  /** {@code normalised (1 + scale) + shift}, {@code [B, N, D]} as the first argument. */
  public static NDArray apply(NDArray normalised, NDArray scale, NDArray shift) {
    return normalised.mul(scale.add(1)).add(shift);
  }

  private Linear linear() {
    return Linear.zero(name + ".linear", in, parts * width);
  }
}
