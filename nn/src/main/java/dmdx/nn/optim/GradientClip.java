package dmdx.nn.optim;

import ai.djl.ndarray.NDArray;
import dmdx.nn.torch.Scope;

/** Limits the Euclidean norm of a gradient. */
public final class GradientClip {
  private GradientClip() {}

  /**
   * Scales a gradient down, in place, to {@code maxNorm} if its norm is larger.
   *
   * @param flatGradient {@code [n]}, float32
   * @param maxNorm above 0
   * @return the norm before; infinite or not a number if the gradient is, which is then left as it
   *     is: the caller decides what becomes of the step
   */
  public static double byNorm(NDArray flatGradient, double maxNorm) {
    if (!(maxNorm > 0)) {
      throw new IllegalArgumentException(
          "the largest norm is %s, expected above 0".formatted(maxNorm));
    }
    double norm = norm(flatGradient);
    if (Double.isFinite(norm) && norm > maxNorm) {
      flatGradient.muli(maxNorm / norm);
    }
    return norm;
  }

  /** The Euclidean norm, summed over pieces in double precision. */
  private static double norm(NDArray flat) {
    Chunks.requireFlat("the gradient", flat);
    long piece = Chunks.size(flat.getDevice());
    double squares = 0;
    for (long from = 0; from < flat.size(); from += piece) {
      try (Scope scope = new Scope()) {
        double norm = Chunks.at(flat, from).norm().getFloat();
        squares += norm * norm;
      }
    }
    return Math.sqrt(squares);
  }
}
