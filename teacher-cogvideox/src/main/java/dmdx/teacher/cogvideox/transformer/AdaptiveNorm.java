package dmdx.teacher.cogvideox.transformer;

import ai.djl.ndarray.NDArray;
import dmdx.api.network.Pass;
import dmdx.nn.layer.Layer;
import dmdx.nn.layer.LayerNorm;
import dmdx.nn.layer.Modulation;
import dmdx.nn.layer.Parameters;

/**
 * A layer norm with weights, to be followed by {@link Modulation#apply} with what the time
 * embedding says.
 *
 * @param name module path; the layers are {@code ….norm} and {@code ….linear}
 * @param config of the whole network
 * @param parts number of vectors the embedding gives
 */
record AdaptiveNorm(String name, CogVideoXTransformerConfig config, int parts) implements Layer {

  @Override
  public void declare(Parameters parameters) {
    parameters.add(modulation(), norm());
  }

  /**
   * @param s {@code SiLU(emb) [B, E]}
   * @return the vectors, each {@code [B, 1, D]}
   */
  NDArray[] vectors(Pass pass, NDArray s) {
    return modulation().forward(pass, s);
  }

  /**
   * @param x {@code [B, …, D]}
   */
  NDArray normalise(Pass pass, NDArray x) {
    return norm().forward(pass, x);
  }

  private Modulation modulation() {
    return new Modulation(name, config.timeWidth(), config.width(), parts);
  }

  private LayerNorm norm() {
    return new LayerNorm(name + ".norm", config.width(), config.eps());
  }
}
