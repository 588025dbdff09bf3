package dmdx.nn.optim;

import ai.djl.ndarray.NDArray;
import dmdx.nn.optim.Chunks.Operand;
import dmdx.nn.torch.Autograd;
import dmdx.nn.torch.Ops;
import dmdx.nn.torch.Prefetch.Use;
import dmdx.nn.torch.Scope;
import dmdx.nn.weights.Storage;
import java.util.List;

/** The exponential moving average of weights. */
public final class Ema {
  private Ema() {}

  /**
   * {@code average = decay average + (1 - decay) flat}, in place.
   *
   * @param average {@code [n]}, float32
   * @param flat {@code [n]}, float32
   * @param decay in [0, 1]
   * @param storage holds both
   */
  public static void update(NDArray average, NDArray flat, double decay, Storage storage) {
    if (!(decay >= 0 && decay <= 1)) {
      throw new IllegalArgumentException("the decay is %s, expected in [0, 1]".formatted(decay));
    }
    Chunks.requireFlat("the average", average);
    Chunks.requireSameSize("the weights", flat, average.size());
    try (Autograd.Mode paused = Autograd.paused();
        Scope scope = new Scope()) {
      NDArray share = average.getManager().create((float) (1 - decay));
      NDArray weight = share.toDevice(average.getDevice(), false);
      Chunks.forEach(
          storage,
          List.of(new Operand(average, Use.CHANGE), new Operand(flat, Use.READ)),
          from -> {
            try (NDArray a = Chunks.at(average, from);
                NDArray w = Chunks.at(flat, from)) {
              Ops.lerpInPlace(a, w, weight);
            }
          });
    }
  }
}
