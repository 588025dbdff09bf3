package dmdx.nn.weights;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;

/**
 * Tensors like others, which their owners free.
 *
 * @param onHost whether they stay with the host whatever device computes
 */
record MemoryStorage(boolean onHost) implements Storage {
  @Override
  public Device device(Device computing) {
    return onHost ? Device.cpu() : computing;
  }

  @Override
  public NDArray zeros(String name, long size, NDManager owner) {
    return owner.zeros(new Shape(size), DataType.FLOAT32);
  }

  @Override
  public void close() {
    // the owners free their tensors
  }
}
