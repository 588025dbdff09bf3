package dmdx.nn.dryrun;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.jni.JniUtils;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * An operation about to be performed on arrays without elements: what it takes, and what its graph
 * keeps.
 */
final class Computation {
  private final String name;
  private final List<ShapeArray> operands = new ArrayList<>();
  private final Set<ShapeArray> saved = new LinkedHashSet<>();
  private final List<Long> attributes = new ArrayList<>();
  private boolean savesResult;
  private boolean aliasesGradient;
  private long savedBytes;
  private long scratch;
  private long flops;

  /** The operation of that name on those of the operands that are there. */
  Computation(String name, @Nullable NDArray... operands) {
    this.name = name;
    for (NDArray operand : operands) {
      if (operand != null) {
        this.operands.add(dry(name, operand));
      }
    }
    requireOneDevice(name, this.operands);
  }

  private static void requireOneDevice(String name, List<ShapeArray> operands) {
    List<Device> devices = operands.stream().map(ShapeArray::getDevice).distinct().toList();
    if (devices.size() > 1) {
      throw new IllegalArgumentException(
          "%s: the operands are on %s, expected one device".formatted(name, devices));
    }
  }

  private static ShapeArray dry(String name, NDArray operand) {
    if (operand instanceof ShapeArray array) {
      return array;
    }
    throw new IllegalArgumentException(
        "%s: an operand %s has elements, the others have none; all must come from the dry run"
            .formatted(name, operand.getShape()));
  }

  /** What the backward pass needs of the operands. */
  Computation saving(@Nullable NDArray... needed) {
    for (NDArray array : needed) {
      if (array != null) {
        saved.add(dry(name, array));
      }
    }
    return this;
  }

  /** Saves an operand only if the gradient of another, which depends on it, is asked for. */
  Computation savingFor(NDArray needed, NDArray other) {
    return dry(name, other).needsGradient() ? saving(needed) : this;
  }

  Computation savingResult() {
    savesResult = true;
    return this;
  }

  /** Further bytes kept for the backward pass. */
  Computation savingBytes(long bytes) {
    savedBytes += bytes;
    return this;
  }

  /** Bytes needed only while it runs, forward and backward. */
  Computation scratch(long bytes) {
    scratch = bytes;
    return this;
  }

  Computation flops(long count) {
    flops = count;
    return this;
  }

  Computation attributes(long... values) {
    Arrays.stream(values).forEach(attributes::add);
    return this;
  }

  /** The operands' gradients are the result's, seen otherwise. */
  Computation aliasingGradient() {
    aliasesGradient = true;
    return this;
  }

  /** The result, in new memory, contiguous. */
  NDArray result(Shape shape) {
    return result(shape, operands.get(0).getDataType());
  }

  NDArray result(Shape shape, DataType type) {
    return result(shape, type, Strides.contiguous(shape));
  }

  NDArray result(Shape shape, DataType type, long[] strides) {
    ShapeArray first = operands.get(0);
    return result(shape, type, strides, first.manager(), first.block().memory());
  }

  /**
   * @param owner owns the result
   * @param memory where it lies
   */
  NDArray result(Shape shape, DataType type, long[] strides, ShapeManager owner, Memory memory) {
    Memory.Block temporary = memory.allocate(scratch);
    Memory.Block block = memory.allocate(shape.size() * type.getNumOfBytes());
    temporary.release();
    DryRun run = owner.run();
    Node node = node(run, block);
    run.record(
        new Operation(
            name,
            operands.stream().map(ShapeArray::operand).toList(),
            shape,
            type,
            attributes,
            flops,
            node != null));
    return new ShapeArray(owner, shape, type, strides, block, node);
  }

  /** A view of the first operand. */
  NDArray view(Shape shape, long[] strides) {
    ShapeArray source = operands.get(0);
    return new ShapeArray(
        source.manager(),
        shape,
        source.getDataType(),
        strides,
        source.block().share(),
        node(source.run(), source.block()));
  }

  private @Nullable Node node(DryRun run, Memory.Block result) {
    if (!JniUtils.isGradMode() || operands.stream().noneMatch(ShapeArray::needsGradient)) {
      return null;
    }
    List<Node.Edge> edges = new ArrayList<>();
    for (ShapeArray operand : operands) {
      Node to = operand.node();
      if (to != null) {
        edges.add(new Node.Edge(to, operand.bytes(), operand.block().memory(), aliasesGradient));
      }
    }
    List<Memory.Block> blocks = new ArrayList<>();
    saved.forEach(array -> blocks.add(array.block()));
    if (savesResult) {
      blocks.add(result);
    }
    Memory.Block more = result.memory().allocate(savedBytes);
    blocks.add(more);
    Node node = Node.step(run.nextNode(), edges, blocks, scratch);
    more.release();
    return node;
  }
}
