package dmdx.nn.weights;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.NDScope;
import dmdx.api.CheckpointException;
import dmdx.api.network.Weights;
import dmdx.nn.torch.Autograd;
import dmdx.nn.torch.Ops;
import dmdx.nn.torch.Prefetch;
import java.util.Collection;
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
  private final Upcoming upcoming;
  private final Storage storage;
  private final NDArray gradient;

  /**
   * @param views what collects gradients, in the order they have in the gradient
   * @param fixed what does not
   * @param upcoming has the views brought before they are used
   * @param storage holds the gradient
   */
  Leaves(
      Map<String, NDArray> views,
      Map<String, NDArray> fixed,
      Upcoming upcoming,
      Storage storage,
      NDManager parent) {
    this.fixed = fixed;
    this.upcoming = upcoming;
    this.storage = storage;
    manager = parent.newSubManager();
    long size = views.values().stream().mapToLong(NDArray::size).sum();
    gradient = storage.zeros("gradient", size, manager);
    NDScope.unregister(gradient);
    long offset = 0;
    for (Map.Entry<String, NDArray> entry : views.entrySet()) {
      NDArray view = entry.getValue();
      long end = offset + view.size();
      try (NDArray part = Ops.slice(gradient, 0, offset, end);
          NDArray shaped = part.reshape(view.getShape())) {
        NDArray leaf = Autograd.leaf(view, shaped);
        leaf.attach(manager);
        NDScope.unregister(leaf);
        leaves.put(entry.getKey(), leaf);
      }
      offset = end;
    }
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
    upcoming.asked(name);
    return leaf;
  }

  /** The weights, and their gradients, which a backward pass adds to. */
  @Override
  public void expect(Collection<String> names) {
    upcoming.expect(names);
    for (String name : names) {
      NDArray leaf = leaves.get(name);
      if (leaf != null) {
        try (NDArray collected = Autograd.gradient(leaf)) {
          if (collected != null) {
            storage.expect(collected, Prefetch.Use.CHANGE);
          }
        }
      }
    }
  }

  /**
   * The gradients {@code [n]} collected so far in the order of {@link TrainableWeights#flat}, zeros
   * where a weight took no part. No copy: it is the memory that backward passes add to.
   *
   * @param owner owns the result, which is on the device of the weights
   */
  public NDArray gradient(NDManager owner) {
    NDArray alias = Ops.slice(gradient, 0, 0, gradient.size());
    alias.attach(owner.newSubManager(gradient.getDevice()));
    return alias;
  }

  @Override
  public void close() {
    manager.close();
  }
}
