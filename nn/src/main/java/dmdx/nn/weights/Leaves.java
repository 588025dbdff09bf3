package dmdx.nn.weights;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.NDScope;
import dmdx.api.CheckpointException;
import dmdx.api.network.Weights;
import dmdx.nn.torch.Autograd;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;

/** The weights of one update. They share memory with the role's weights and collect gradients. */
public final class Leaves implements Weights, AutoCloseable {
  private final NDManager manager;
  private final Map<String, NDArray> leaves = new LinkedHashMap<>();
  private final Map<String, NDArray> fixed;

  /**
   * @param views what collects gradients
   * @param fixed what does not
   */
  Leaves(Map<String, NDArray> views, Map<String, NDArray> fixed, NDManager parent) {
    this.fixed = fixed;
    manager = parent.newSubManager();
    views.forEach(
        (name, view) -> {
          NDArray leaf = Autograd.leaf(view);
          leaf.attach(manager);
          NDScope.unregister(leaf);
          leaves.put(name, leaf);
        });
  }

  @Override
  public Set<String> names() {
    Set<String> names = new LinkedHashSet<>(leaves.keySet());
    names.addAll(fixed.keySet());
    return Collections.unmodifiableSet(names);
  }

  @Override
  public NDArray get(String name) {
    NDArray leaf = leaves.getOrDefault(name, fixed.get(name));
    if (leaf == null) {
      throw new CheckpointException("there is no trainable weight '" + name + "'");
    }
    return leaf;
  }

  /**
   * The gradients collected so far in the order of {@link TrainableWeights#flat}, zeros where a
   * weight took no part.
   *
   * @param owner owns the result
   */
  public NDArray gradient(NDManager owner) {
    NDList parts = new NDList(leaves.size());
    try {
      for (NDArray leaf : leaves.values()) {
        NDArray gradient = Autograd.gradient(leaf);
        if (gradient == null) {
          parts.add(manager.zeros(new ai.djl.ndarray.types.Shape(leaf.size())));
        } else {
          parts.add(gradient.reshape(-1));
          gradient.close();
        }
      }
      NDArray flat = NDArrays.concat(parts, 0);
      flat.attach(owner);
      return flat;
    } finally {
      parts.close();
    }
  }

  @Override
  public void close() {
    manager.close();
  }
}
