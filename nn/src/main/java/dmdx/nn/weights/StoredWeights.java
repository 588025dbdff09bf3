package dmdx.nn.weights;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import dmdx.api.network.Weights;

/** Weights that are read when they are asked for, and kept from then on. */
public interface StoredWeights extends Weights {

  /**
   * The same weights in another type on another device. Each is held as it was asked for, once
   * however many ask; closing these closes them.
   */
  Weights in(DataType type, Device device);

  /**
   * Copies a weight without keeping it.
   *
   * @param target a tensor of its shape
   */
  void copy(String name, NDArray target);
}
