package dmdx.teacher.cogvideox.transformer;

import ai.djl.ndarray.NDArray;
import dmdx.api.network.Pass;
import dmdx.nn.layer.Layer;
import dmdx.nn.layer.LayerNorm;
import dmdx.nn.layer.Linear;
import dmdx.nn.layer.Parameters;
import dmdx.nn.torch.Ops;

/**
 * A layer norm with weights, then {@code norm(x) (1 + scale) + shift} with what the time embedding
 * says.
 *
 * @param name module path; the layers are {@code ….norm} and {@code ….linear}
 * @param config of the whole network
 * @param parts number of vectors the embedding gives
 */
record AdaptiveNorm(String name, CogVideoXTransformerConfig config, int parts) implements Layer {

  @Override
  public void declare(Parameters parameters) {
    parameters.add(linear(), norm());
  }

  /**
   * @param s {@code SiLU(emb) [B, E]}
   * @return the vectors, each {@code [B, 1, D]}
   */
  NDArray[] vectors(Pass pass, NDArray s) {
    NDArray all = linear().forward(pass, s).reshape(s.getShape().get(0), 1, -1);
    NDArray[] vectors = new NDArray[parts];
    for (int i = 0; i < parts; i++) {
      vectors[i] = Ops.slice(all, 2, (long) i * config.width(), (i + 1L) * config.width());
    }
    return vectors;
  }

  /**
   * @param x {@code [B, …, D]}
   */
  NDArray normalise(Pass pass, NDArray x) {
    return norm().forward(pass, x);
  }

  /** {@code normalised (1 + scale) + shift}. */
  static NDArray modulate(NDArray normalised, NDArray scale, NDArray shift) {
    return normalised.mul(scale.add(1)).add(shift);
  }

  private Linear linear() {
    return Linear.zero(name + ".linear", config.timeWidth(), parts * config.width());
  }

  private LayerNorm norm() {
    return new LayerNorm(name + ".norm", config.width(), config.eps());
  }
}
