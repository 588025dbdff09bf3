package dmdx.nn.weights;

import ai.djl.ndarray.NDArray;
import dmdx.api.network.Weights;

/** Weights that are read when they are asked for, and kept from then on. */
public interface StoredWeights extends Weights {

  /**
   * Copies a weight without keeping it.
   *
   * @param target a tensor of its shape
   */
  void copy(String name, NDArray target);
}
