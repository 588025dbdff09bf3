package dmdx.nn.parity;

import ai.djl.ndarray.NDArray;
import dmdx.api.network.Weights;
import dmdx.nn.torch.Autograd;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Frozen weights, some of which collect gradients. */
final class LeafWeights implements Weights {
  private final Weights frozen;
  private final Map<String, NDArray> leaves = new LinkedHashMap<>();

  /**
   * @param trained names to collect gradients for; those that {@code frozen} lacks are passed over
   */
  LeafWeights(Weights frozen, Collection<String> trained) {
    this.frozen = frozen;
    for (String name : trained) {
      if (frozen.names().contains(name)) {
        leaves.put(name, Autograd.leaf(frozen.get(name)));
      }
    }
  }

  @Override
  public Set<String> names() {
    return frozen.names();
  }

  @Override
  public NDArray get(String name) {
    NDArray leaf = leaves.get(name);
    return leaf == null ? frozen.get(name) : leaf;
  }

  /** The leaf of that name; {@code null} if there is none. */
  @Nullable NDArray leaf(String name) {
    return leaves.get(name);
  }
}
