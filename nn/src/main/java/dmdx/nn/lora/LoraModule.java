package dmdx.nn.lora;

import ai.djl.ndarray.types.Shape;
import java.util.Arrays;

/**
 * One adapted layer.
 *
 * @param name module path in the base network
 * @param weight shape of the layer's weight, {@code [out, in]} or {@code [out, in, k, …]}
 * @param rank width r of the adapter
 * @param alpha the delta is scaled by {@code alpha / rank}
 */
public record LoraModule(String name, Shape weight, int rank, double alpha) {

  public double scale() {
    return alpha / rank;
  }

  /** Name of the adapted weight in the base network. */
  String weightName() {
    return name + ".weight";
  }

  /** Name of A, the factor applied first. */
  String downName() {
    return name + ".lora_A.weight";
  }

  /** Name of B, the factor applied second. */
  String upName() {
    return name + ".lora_B.weight";
  }

  /** {@code [r, in, k, …]}. */
  Shape down() {
    long[] shape = weight.getShape().clone();
    shape[0] = rank;
    return new Shape(shape);
  }

  /** {@code [out, r, 1, …]}. */
  Shape up() {
    long[] shape = weight.getShape().clone();
    Arrays.fill(shape, 1);
    shape[0] = weight.get(0);
    shape[1] = rank;
    return new Shape(shape);
  }
}
