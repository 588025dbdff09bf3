package dmdx.nn.weights;

import ai.djl.ndarray.NDArray;
import dmdx.api.CheckpointException;
import dmdx.api.network.Weights;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;

/** Weights that lie in memory. */
public final class MapWeights implements Weights {
  private final String source;
  private final Map<String, NDArray> tensors;

  /**
   * @param source where they come from, for messages
   * @param tensors by checkpoint name; they stay the caller's
   */
  public MapWeights(String source, Map<String, NDArray> tensors) {
    this.source = source;
    this.tensors = new LinkedHashMap<>(tensors);
  }

  @Override
  public Set<String> names() {
    return Collections.unmodifiableSet(tensors.keySet());
  }

  @Override
  public NDArray get(String name) {
    NDArray tensor = tensors.get(name);
    if (tensor == null) {
      throw new CheckpointException("%s: there is no weight '%s'".formatted(source, name));
    }
    return tensor;
  }
}
