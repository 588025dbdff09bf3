package dmdx.nn.optim;

import ai.djl.ndarray.NDArray;
import dmdx.nn.torch.Autograd;
import dmdx.nn.torch.Ops;
import dmdx.nn.torch.Scope;

/** The exponential moving average of weights. */
public final class Ema {
  private Ema() {}

  /**
   * {@code average = decay average + (1 - decay) flat}, in place.
   *
   * @param average {@code [n]}, float32
   * @param flat {@code [n]}, float32
   * @param decay in [0, 1]
   */
  public static void update(NDArray average, NDArray flat, double decay) {
    if (!(decay >= 0 && decay <= 1)) {
      throw new IllegalArgumentException("the decay is %s, expected in [0, 1]".formatted(decay));
    }
    Chunks.requireFlat("the average", average);
    Chunks.requireSameSize("the weights", flat, average.size());
    try (Autograd.Mode paused = Autograd.paused();
        Scope scope = new Scope()) {
      NDArray weight = average.getManager().create((float) (1 - decay));
      Ops.lerpInPlace(average, flat, weight.toDevice(average.getDevice(), false));
    }
  }
}
