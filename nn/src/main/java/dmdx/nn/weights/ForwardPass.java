package dmdx.nn.weights;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import dmdx.api.network.LowRank;
import dmdx.api.network.Pass;
import dmdx.api.network.Weights;
import dmdx.nn.torch.Autograd;
import dmdx.nn.torch.Scope;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;
import java.util.function.BiFunction;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * A forward pass. Each block frees its intermediate tensors when it ends; what the backward pass
 * needs of them is kept by autograd or, while a {@link Tape} is open, computed again.
 */
public final class ForwardPass implements Pass {
  private final Weights weights;
  private final NDManager scope;
  private final Set<String> wanted;
  private Frame frame = new Frame();
  private boolean watching;

  private ForwardPass(Weights weights, NDManager scope, Set<String> wanted) {
    this.weights = weights;
    this.scope = scope;
    this.wanted = wanted;
  }

  /** What happened in one block, or outside of all. */
  private static final class Frame {
    final Map<String, NDArray> taps = new LinkedHashMap<>();
    final Set<String> weights = new LinkedHashSet<>();
    boolean trained;
  }

  /**
   * What became of a block.
   *
   * @param results its results
   * @param taps the hidden states recorded in it
   * @param weights names of the weights it used; known to a tape only
   * @param trained whether one of them collects gradients
   */
  record Outcome(NDList results, Map<String, NDArray> taps, Set<String> weights, boolean trained) {}

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
    return frame.taps;
  }

  /**
   * The hidden state recorded under that module path, in the shape the network gave it.
   *
   * @throws IllegalStateException if the network has no such module
   */
  public NDArray tap(String name) {
    NDArray value = frame.taps.get(name);
    if (value == null) {
      throw new IllegalStateException(
          "the network offered no hidden state named '%s'; recorded: %s"
              .formatted(name, frame.taps.keySet()));
    }
    return value;
  }

  @Override
  public NDManager scope() {
    return scope;
  }

  @Override
  public NDArray weight(String name) {
    return watching ? watched(name, Weights::get, Autograd::needsGradient) : weights.get(name);
  }

  @Override
  public @Nullable LowRank lowRank(String name) {
    return watching
        ? watched(name, Weights::lowRank, ForwardPass::needsGradient)
        : weights.lowRank(name);
  }

  /** What weights compute of trained ones tells that it is trained only if it is recorded. */
  private <T extends @Nullable Object> T watched(
      String name, BiFunction<Weights, String, T> lookup, Predicate<T> needsGradient) {
    try (Autograd.Mode recording = Autograd.recording()) {
      frame.weights.add(name);
      T found = lookup.apply(weights, name);
      frame.trained = frame.trained || needsGradient.test(found);
      return found;
    }
  }

  private static boolean needsGradient(@Nullable LowRank parts) {
    return parts != null
        && (Autograd.needsGradient(parts.base())
            || Autograd.needsGradient(parts.down())
            || Autograd.needsGradient(parts.up()));
  }

  @Override
  public NDArray block(String name, Block block, NDArray... inputs) {
    return multiBlock(name, (pass, in) -> new NDList(block.forward(pass, in)), inputs).head();
  }

  @Override
  public NDList multiBlock(String name, MultiBlock block, NDArray... inputs) {
    Tape tape = Tape.listening();
    return entered(tape == null ? run(block, inputs) : tape.run(this, block, inputs));
  }

  @Override
  public NDArray group(String name, Block part, NDArray... inputs) {
    return entered(run((pass, in) -> new NDList(part.forward(pass, in)), inputs)).head();
  }

  /** The results of a block whose hidden states are now those of the block around it, too. */
  private NDList entered(Outcome outcome) {
    frame.taps.putAll(outcome.taps());
    frame.weights.addAll(outcome.weights());
    frame.trained = frame.trained || outcome.trained();
    return outcome.results();
  }

  /** Runs a block without recording and finds out whether gradient flows to its weights. */
  Outcome watch(MultiBlock block, NDArray... inputs) {
    watching = true;
    try (Autograd.Mode paused = Autograd.paused()) {
      return run(block, inputs);
    } finally {
      watching = false;
    }
  }

  /** Tells that a block is run next that uses these weights. */
  void expect(Set<String> names) {
    weights.expect(names);
  }

  /** Runs a block; nothing of it but the outcome is left. */
  Outcome run(MultiBlock block, NDArray... inputs) {
    Frame outer = frame;
    Frame inner = new Frame();
    frame = inner;
    try (Scope intermediates = new Scope()) {
      NDList results = block.forward(this, inputs);
      Set<NDArray> given = Collections.newSetFromMap(new IdentityHashMap<>());
      Collections.addAll(given, inputs); // those stay their owners'
      inner.taps.values().stream().filter(x -> !given.contains(x)).forEach(intermediates::keep);
      for (NDArray result : results) {
        if (!given.contains(result)) {
          result.attach(scope);
          intermediates.keep(result);
        }
      }
      return new Outcome(results, inner.taps, inner.weights, inner.trained);
    } finally {
      frame = outer;
    }
  }

  @Override
  public NDArray tap(String name, NDArray value) {
    if (wanted.contains(name)) {
      frame.taps.put(name, value);
    }
    return value;
  }
}
