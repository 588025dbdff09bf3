package dmdx.nn.dryrun;

import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.util.List;

/**
 * One operation with the shapes it was performed on.
 *
 * @param name what was computed, such as {@code conv}
 * @param operands what it was computed from
 * @param result shape of the result
 * @param type element type of the result
 * @param attributes numbers the operation takes besides, such as stride and padding
 * @param flops floating-point operations of the products in it, a multiplication and an addition
 *     being two; 0 for what is no product
 * @param recorded whether it is part of a graph, so that a backward pass differentiates it
 */
public record Operation(
    String name,
    List<Operand> operands,
    Shape result,
    DataType type,
    List<Long> attributes,
    long flops,
    boolean recorded) {

  public Operation {
    operands = List.copyOf(operands);
    attributes = List.copyOf(attributes);
  }

  /**
   * An operand.
   *
   * @param shape its shape
   * @param strides elements between neighbours along each axis
   * @param gradient whether its gradient is asked for
   */
  public record Operand(Shape shape, List<Long> strides, boolean gradient) {}

  /**
   * Floating-point operations of the products in its backward pass: as many as forward for each
   * factor with a gradient; five products for the two of attention.
   */
  public long backwardFlops() {
    if (!recorded) {
      return 0;
    }
    if (name.equals("attention")) {
      return flops / 2 * 5;
    }
    return flops * operands.stream().limit(2).filter(Operand::gradient).count();
  }
}
