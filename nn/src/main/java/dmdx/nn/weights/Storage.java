package dmdx.nn.weights;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dmdx.nn.torch.Prefetch;
import java.nio.file.Path;

/**
 * Where the flat float32 tensors of one trained network lie: its weights, gradient, moments and
 * running mean. They are read and changed in place, wherever that is.
 */
public interface Storage extends AutoCloseable {

  /** The device of its tensors, for a network that computes on {@code computing}. */
  Device device(Device computing);

  /**
   * A tensor of zeros, {@code [size]}.
   *
   * @param name what it is for; one tensor of a name is in use at a time
   * @param owner owns it; on {@link #device}
   * @throws dmdx.api.CheckpointException if there is no room
   */
  NDArray zeros(String name, long size, NDManager owner);

  /**
   * Tells that a part of its tensors is used next, so that it can be brought nearer meanwhile;
   * returns at once. Changes nothing but time.
   *
   * @param part of one of its tensors, without gaps
   */
  default void expect(NDArray part, Prefetch.Use use) {}

  /** Gives the space back; the tensors must no longer be used. */
  @Override
  void close();

  /** The memory of the device that computes. */
  static Storage inMemory() {
    return new MemoryStorage(false);
  }

  /** The memory of the host, from where weights are brought to the device as they are used. */
  static Storage inHostMemory() {
    return new MemoryStorage(true);
  }

  /**
   * Files on the host, of which the operating system keeps in memory what is in use.
   *
   * @param folder where; made when the first tensor is
   */
  static Storage onDisk(Path folder) {
    return new DiskStorage(folder);
  }
}
