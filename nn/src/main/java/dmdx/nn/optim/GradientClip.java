package dmdx.nn.optim;

import ai.djl.ndarray.NDArray;
import dmdx.nn.torch.Prefetch.Use;
import dmdx.nn.torch.Scope;
import dmdx.nn.weights.Storage;
import java.util.List;
import java.util.concurrent.atomic.DoubleAdder;

/** Limits the Euclidean norm of a gradient. */
public final class GradientClip {
  private GradientClip() {}

  /**
   * The factor that scales a gradient of norm {@code norm} down to {@code maxNorm}; 1 if it is no
   * larger, or not finite: the caller decides what becomes of such a step.
   *
   * @param maxNorm above 0
   */
  public static double factor(double norm, double maxNorm) {
    if (!(maxNorm > 0)) {
      throw new IllegalArgumentException(
          "the largest norm is %s, expected above 0".formatted(maxNorm));
    }
    return Double.isFinite(norm) && norm > maxNorm ? maxNorm / norm : 1;
  }

  /**
   * The Euclidean norm, summed over pieces in double precision.
   *
   * @param flatGradient {@code [n]}, float32
   * @param storage holds it
   * @return infinite or not a number if an element is
   */
  public static double norm(NDArray flatGradient, Storage storage) {
    Chunks.requireFlat("the gradient", flatGradient);
    DoubleAdder squares = new DoubleAdder();
    Chunks.forEach(
        storage,
        List.of(new Chunks.Operand(flatGradient, Use.READ)),
        from -> {
          try (Scope scope = new Scope()) {
            double norm = Chunks.at(flatGradient, from).norm().getFloat();
            squares.add(norm * norm);
          }
        });
    return Math.sqrt(squares.sum());
  }
}
