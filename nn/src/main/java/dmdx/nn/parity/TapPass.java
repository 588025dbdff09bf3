package dmdx.nn.parity;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.NDScope;
import dmdx.api.network.LowRank;
import dmdx.api.network.Pass;
import dmdx.nn.torch.Autograd;
import dmdx.nn.weights.ForwardPass;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A pass that keeps hidden states and the loss's gradient with respect to some of them.
 *
 * <p>At such a state the graph is cut: the network goes on with a fresh leaf. The backward pass
 * reaches the leaf first and is then continued from the state itself.
 *
 * <p>The k-th call of a tap is known as {@code name#k} besides {@code name}, which is the last.
 */
final class TapPass implements Pass {
  private final ForwardPass inner;
  private final Set<String> cuts;
  private final Map<String, Integer> calls = new HashMap<>();
  private final Set<String> offered = new LinkedHashSet<>();
  private final Map<String, Cut> cut = new LinkedHashMap<>();

  private record Cut(NDArray state, NDArray leaf) {}

  /**
   * @param inner records the wanted states, those of {@code cuts} among them
   * @param cuts states whose gradient is wanted
   */
  TapPass(ForwardPass inner, Set<String> cuts) {
    this.inner = inner;
    this.cuts = cuts;
  }

  @Override
  public NDManager scope() {
    return inner.scope();
  }

  @Override
  public NDArray weight(String name) {
    return inner.weight(name);
  }

  @Override
  public @Nullable LowRank lowRank(String name) {
    return inner.lowRank(name);
  }

  @Override
  public NDArray block(String name, Block block, NDArray... inputs) {
    return inner.block(name, (pass, in) -> block.forward(this, in), inputs);
  }

  @Override
  public NDList multiBlock(String name, MultiBlock block, NDArray... inputs) {
    return inner.multiBlock(name, (pass, in) -> block.forward(this, in), inputs);
  }

  @Override
  public NDArray group(String name, Block part, NDArray... inputs) {
    return inner.group(name, (pass, in) -> part.forward(this, in), inputs);
  }

  @Override
  public NDArray tap(String name, NDArray value) {
    String numbered = name + "#" + (calls.merge(name, 1, Integer::sum) - 1);
    return record(name, record(numbered, value));
  }

  private NDArray record(String name, NDArray value) {
    offered.add(name);
    inner.tap(name, value);
    if (!cuts.contains(name)) {
      return value;
    }
    NDArray leaf = Autograd.leaf(value);
    leaf.attach(scope());
    NDScope.unregister(leaf); // it outlives every block it is made in
    cut.put(name, new Cut(value, leaf));
    return leaf.reshape(leaf.getShape()); // a handle that the blocks may close
  }

  /** Every name under which the network offered a state. */
  Set<String> offered() {
    return offered;
  }

  /** The recorded states by name. */
  Map<String, NDArray> states() {
    return inner.taps();
  }

  /** Accumulates the gradients of {@code loss} in all leaves, those before the cuts included. */
  void backward(NDArray loss) {
    if (!Autograd.isRecorded(loss)) {
      return;
    }
    Autograd.backwardKeepingGraph(loss);
    List<Cut> cutsInOrder = new ArrayList<>(cut.values());
    for (int i = cutsInOrder.size() - 1; i >= 0; i--) {
      Cut next = cutsInOrder.get(i);
      NDArray gradient = Autograd.gradient(next.leaf());
      if (gradient != null && Autograd.isRecorded(next.state())) {
        Autograd.backwardKeepingGraph(next.state(), gradient);
      }
    }
  }

  /** The loss's gradient with respect to a cut state; {@code null} if it does not depend on it. */
  @Nullable NDArray gradient(String name) {
    Cut state = cut.get(name);
    return state == null ? null : Autograd.gradient(state.leaf());
  }
}
