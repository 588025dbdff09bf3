package dmdx.nn.weights;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.nio.file.Path;

/**
 * Where the flat float32 tensors of one trained network lie: its weights, gradient, moments and
 * running mean. They are read and changed in place, wherever that is.
 */
public interface Storage extends AutoCloseable {

  /**
   * A tensor of zeros, {@code [size]}, on its owner's device.
   *
   * @param name what it is for; one tensor of a name is in use at a time
   * @throws dmdx.api.CheckpointException if there is no room
   */
  NDArray zeros(String name, long size, NDManager owner);

  /** Gives the space back; the tensors must no longer be used. */
  @Override
  void close();

  /** The memory of the owner's device. */
  static Storage inMemory() {
    return new Storage() {
      @Override
      public NDArray zeros(String name, long size, NDManager owner) {
        return owner.zeros(new Shape(size), DataType.FLOAT32);
      }

      @Override
      public void close() {
        // the owners free their tensors
      }
    };
  }

  /**
   * Files, of which the operating system keeps in memory what is in use.
   *
   * @param folder where; made when the first tensor is
   */
  static Storage onDisk(Path folder) {
    return new DiskStorage(folder);
  }
}
