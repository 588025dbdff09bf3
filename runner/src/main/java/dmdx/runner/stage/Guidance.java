package dmdx.runner.stage;

import dmdx.api.Conditioning;
import java.util.Arrays;
import java.util.function.DoubleUnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * What a denoiser is conditioned on, with classifier-free guidance or without.
 *
 * @param conditioning B rows
 * @param unconditional B rows, or {@code null} for no guidance
 * @param scale guidance scale per row; empty for no guidance
 */
record Guidance(Conditioning conditioning, @Nullable Conditioning unconditional, double[] scale) {

  static Guidance none(Conditioning conditioning) {
    return new Guidance(conditioning, null, new double[0]);
  }

  /** Whether the result is the conditional output: there is no guidance, or its scale is 1. */
  boolean isNeutral() {
    return unconditional == null || Arrays.stream(scale).allMatch(w -> w == 1);
  }

  /** The same with every row's scale lowered by {@code offset}. */
  Guidance lowered(double offset) {
    return map(w -> w - offset);
  }

  /** The same with every row's scale replaced. */
  Guidance map(DoubleUnaryOperator function) {
    return new Guidance(conditioning, unconditional, Arrays.stream(scale).map(function).toArray());
  }
}
