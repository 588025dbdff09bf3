package dmdx.teacher.sd3.transformer;

import ai.djl.ndarray.NDArray;
import dmdx.api.network.Pass;
import dmdx.nn.layer.Layer;
import dmdx.nn.layer.Linear;
import dmdx.nn.layer.Parameters;
import dmdx.nn.torch.Ops;

/**
 * What the conditioning says to a layer: {@code linear(SiLU(emb))}, cut into vectors.
 *
 * @param name module path; the matrix is {@code ….linear}
 * @param width D
 * @param parts number of vectors
 */
record Modulation(String name, int width, int parts) implements Layer {
  private static final double EPS = 1e-6;

  @Override
  public void declare(Parameters parameters) {
    parameters.add(linear());
  }

  /**
   * @param s {@code SiLU(emb) [B, D]}
   * @return the vectors, each {@code [B, 1, D]}
   */
  NDArray[] forward(Pass pass, NDArray s) {
    NDArray all = linear().forward(pass, s).reshape(s.getShape().get(0), 1, -1);
    NDArray[] vectors = new NDArray[parts];
    for (int i = 0; i < parts; i++) {
      vectors[i] = Ops.slice(all, 2, (long) i * width, (i + 1L) * width);
    }
    return vectors;
  }

  /** Layer normalisation without weights. */
  static NDArray norm(NDArray x) {
    return Ops.layerNorm(x, EPS);
  }

  /** {@code normalised (1 + scale) + shift}. */
  static NDArray apply(NDArray normalised, NDArray scale, NDArray shift) {
    return normalised.mul(scale.add(1)).add(shift);
  }

  private Linear linear() {
    return Linear.zero(name + ".linear", width, parts * width);
  }
}
