package dmdx.nn.layer;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import dmdx.api.network.LowRank;
import dmdx.nn.torch.Ops;
import java.util.function.BinaryOperator;
import java.util.function.UnaryOperator;

/** What the low-rank part of a weight adds to a layer's result. */
final class Delta {
  private Delta() {}

  /**
   * {@code y + up(scale down(x))}. The factors are taken in the type of y, so that adapters may be
   * more precise than the weight they adapt.
   *
   * @param y the layer's result with the base weight; closed
   * @param down applies the first factor to the layer's input
   * @param up applies the second one
   */
  static NDArray add(
      NDArray y, LowRank parts, UnaryOperator<NDArray> down, BinaryOperator<NDArray> up) {
    DataType type = Ops.typeOf(y);
    try (y;
        NDArray hidden = down.apply(Ops.cast(parts.down(), type));
        NDArray scaled = Ops.times(hidden, parts.scale());
        NDArray delta = up.apply(scaled, Ops.cast(parts.up(), type))) {
      return y.add(delta);
    }
  }
}
