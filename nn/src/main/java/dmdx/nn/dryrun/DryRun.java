package dmdx.nn.dryrun;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.util.ArrayList;
import java.util.List;

/**
 * A machine without elements. Arrays of its {@link #manager} go through networks, losses, autograd
 * and optimizers like others; only their shapes are computed. It keeps account of the bytes that
 * real arrays would occupy and of the operations that would be performed.
 *
 * <p>A number read from such an array is 0, except from one of whole numbers made from a Java
 * array, which keeps them. An operation it does not know is an {@link
 * UnsupportedOperationException}. Not for use from several threads at once.
 */
public final class DryRun implements AutoCloseable {
  private final Memory memory = new Memory();
  private final List<Operation> operations = new ArrayList<>();
  private final NDManager root = NDManager.newBaseManager();
  private final NDManager manager = new ShapeManager(this, root);
  private long nodes;

  /** Begins with empty memory. */
  public DryRun() {}

  /** Creates arrays without elements. */
  public NDManager manager() {
    return manager;
  }

  /** Whether the arrays of {@code manager} have no elements. */
  public static boolean isDry(NDManager manager) {
    return manager instanceof ShapeManager;
  }

  /** Everything performed so far, except backward passes, whose work follows from it. */
  public List<Operation> operations() {
    return List.copyOf(operations);
  }

  /** Forgets the operations performed so far. */
  public void clearOperations() {
    operations.clear();
  }

  /** Bytes that arrays and recorded graphs occupy now. */
  public long liveBytes() {
    return memory.live();
  }

  /** The most bytes occupied at once since the last {@link #resetPeak}. */
  public long peakBytes() {
    return memory.peak();
  }

  /** Starts the search for the peak anew. */
  public void resetPeak() {
    memory.resetPeak();
  }

  /**
   * An array, as are all views of it, that takes no memory: in a file, say.
   *
   * @param owner owns it; a manager of this run
   */
  public NDArray elsewhere(NDManager owner, Shape shape, DataType type) {
    return ShapeArray.of((ShapeManager) owner, shape, type, 0);
  }

  /** Bytes of memory that exist beside the arrays, for as long as the result is open. */
  public AutoCloseable occupy(long bytes) {
    return memory.allocate(bytes)::release;
  }

  Memory memory() {
    return memory;
  }

  /** A number for a node of a recorded graph, in the order of making. */
  long nextNode() {
    return nodes++;
  }

  void record(Operation operation) {
    operations.add(operation);
  }

  @Override
  public void close() {
    manager.close();
    root.close();
  }
}
