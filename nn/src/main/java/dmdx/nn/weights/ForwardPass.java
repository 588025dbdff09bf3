package dmdx.nn.weights;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dmdx.api.network.LowRank;
import dmdx.api.network.Pass;
import dmdx.api.network.Weights;
import dmdx.nn.torch.Scope;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A forward pass on plain autograd. Each block frees its intermediate tensors when it ends;
 * autograd keeps what the backward pass needs.
 */
public final class ForwardPass implements Pass {
  private final Weights weights;
  private final NDManager scope;
  private final Set<String> wanted;
  private final Map<String, NDArray> taps = new LinkedHashMap<>();

  private ForwardPass(Weights weights, NDManager scope, Set<String> wanted) {
    this.weights = weights;
    this.scope = scope;
    this.wanted = wanted;
  }

  /**
   * @param weights where weights come from
   * @param scope owner of the tensors made during the pass
   */
  public static ForwardPass of(Weights weights, NDManager scope) {
    return new ForwardPass(weights, scope, Set.of());
  }

  /** A pass that records the hidden states of the given module paths. */
  public static ForwardPass recording(Weights weights, NDManager scope, Set<String> taps) {
    return new ForwardPass(weights, scope, Set.copyOf(taps));
  }

  /** The hidden states recorded so far, by module path. */
  public Map<String, NDArray> taps() {
    return taps;
  }

  /**
   * The hidden state recorded under that module path.
   *
   * @throws IllegalStateException if the network has no such module
   */
  public NDArray tap(String name) {
    NDArray value = taps.get(name);
    if (value == null) {
      throw new IllegalStateException(
          "the network offered no hidden state named '%s'; recorded: %s"
              .formatted(name, taps.keySet()));
    }
    return value;
  }

  @Override
  public NDManager scope() {
    return scope;
  }

  @Override
  public NDArray weight(String name) {
    return weights.get(name);
  }

  @Override
  public @Nullable LowRank lowRank(String name) {
    return weights.lowRank(name);
  }

  @Override
  public NDArray block(String name, Block block, NDArray... inputs) {
    try (Scope inner = new Scope()) {
      int before = taps.size();
      NDArray result = block.forward(this, inputs);
      if (taps.size() > before) {
        taps.values().stream().skip(before).forEach(inner::keep);
      }
      result.attach(scope);
      return inner.keep(result);
    }
  }

  @Override
  public NDArray tap(String name, NDArray value) {
    if (wanted.contains(name)) {
      taps.put(name, value);
    }
    return value;
  }
}
