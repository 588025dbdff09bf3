package dmdx.nn.dryrun;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * A machine without elements. Arrays of its {@link #manager} go through networks, losses, autograd
 * and optimizers like others; only their shapes are computed. It keeps account of the bytes that
 * real arrays would occupy on every device and of the operations that would be performed. The
 * devices need not exist.
 *
 * <p>A number read from such an array is 0, except from one of whole numbers made from a Java
 * array, which keeps them. An operation it does not know is an {@link
 * UnsupportedOperationException}; one on arrays of several devices is an {@link
 * IllegalArgumentException}, as it would fail on real ones. Not for use from several threads at
 * once.
 */
public final class DryRun implements AutoCloseable {
  private final Map<Device, Memory> memories = new HashMap<>();
  private final List<Operation> operations = new ArrayList<>();
  private final NDManager root = NDManager.newBaseManager(Device.cpu());
  private final NDManager manager;
  private long nodes;

  /** Begins with empty memory, on the CPU. */
  public DryRun() {
    this(Device.cpu());
  }

  /**
   * Begins with empty memory.
   *
   * @param device where arrays are made
   */
  public DryRun(Device device) {
    manager = new ShapeManager(this, root, device);
  }

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

  /** Bytes that arrays and recorded graphs occupy now on the device of {@link #manager}. */
  public long liveBytes() {
    return memory(manager.getDevice()).live();
  }

  /** The most bytes occupied there at once since the last {@link #resetPeak}. */
  public long peakBytes() {
    return memory(manager.getDevice()).peak();
  }

  /** The same for the memory of the host, where that is another device; else 0. */
  public long hostPeakBytes() {
    return manager.getDevice().equals(Device.cpu()) ? 0 : memory(Device.cpu()).peak();
  }

  /** Starts the search for the peak anew. */
  public void resetPeak() {
    memories.values().forEach(Memory::resetPeak);
  }

  /**
   * An array, as are all views of it, that takes no memory: in a file, say.
   *
   * @param owner owns it; a manager of this run
   */
  public NDArray elsewhere(NDManager owner, Shape shape, DataType type) {
    return ShapeArray.of((ShapeManager) owner, shape, type, 0);
  }

  Memory memory(Device device) {
    return memories.computeIfAbsent(device, Memory::new);
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
