package dmdx.nn.weights;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.NDScope;
import dmdx.api.network.Pass;
import dmdx.nn.torch.Autograd;
import dmdx.nn.torch.Ops;
import dmdx.nn.torch.Scope;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Deque;
import java.util.IdentityHashMap;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Trades time for memory: of every block of every {@link ForwardPass} on this thread only the
 * inputs are kept, and the backward pass computes the block again.
 *
 * <pre>
 *   try (Autograd.Mode recording = Autograd.recording();
 *       Tape tape = Tape.open(manager)) {
 *     Tape.backward(objective.loss());
 *   }
 * </pre>
 *
 * <p>A block runs without recording. Its results, and the hidden states recorded in it, go on as
 * fresh leaves, so that what autograd records are the operations between blocks. The backward pass
 * takes the blocks from the last to the first: those that got a gradient are computed again, with
 * recording, and hand it on to their inputs and weights.
 *
 * <p>Contributions to a gradient are added in the order in which autograd alone adds them, so that
 * the result is the same to the bit, with three exceptions, which differ by rounding: a block's
 * input that was computed between blocks and has other uses there, unless it is a {@link
 * #junction}; weights that several blocks use and that have a gradient from before; and kernels
 * that depend on how a gradient lies in memory.
 *
 * <p>Blocks within blocks are part of the outermost one; {@link dmdx.api.network.Pass#group groups}
 * are not blocks. Blocks through which no gradient flows are not kept.
 */
public final class Tape implements AutoCloseable {
  private static final ThreadLocal<@Nullable Tape> OPEN = new ThreadLocal<>();

  private final NDManager manager;
  private final Deque<Step> steps = new ArrayDeque<>();
  private final IdentityHashMap<NDArray, NDArray> seams = new IdentityHashMap<>();
  private boolean busy;

  private Tape(NDManager manager) {
    this.manager = manager;
  }

  /**
   * Opens the tape of this thread.
   *
   * @param parent owner of what the tape keeps
   * @throws IllegalStateException if one is open
   */
  public static Tape open(NDManager parent) {
    if (OPEN.get() != null) {
      throw new IllegalStateException("a tape is open on this thread; close it first");
    }
    Tape tape = new Tape(parent.newSubManager());
    OPEN.set(tape);
    return tape;
  }

  /** The open tape, if a block that starts now is to be kept on it. */
  static @Nullable Tape listening() {
    Tape tape = OPEN.get();
    return tape == null || tape.busy || !Autograd.isRecording() ? null : tape;
  }

  /**
   * A value with several uses, some of them outside of blocks. On a tape its gradient is gathered
   * before it is handed on, which saves ways back through what made it.
   *
   * @return {@code x} if no tape is open or x is no recorded result, else a leaf in its place
   */
  public static NDArray junction(NDArray x) {
    Tape tape = listening();
    if (tape == null || !Autograd.isRecorded(x)) {
      return x;
    }
    NDArray leaf = Autograd.leaf(x);
    NDManager owner = tape.manager;
    tape.steps.add(new Seam(Ops.handleOf(x, owner), Ops.handleOf(leaf, owner)));
    return leaf;
  }

  /** Part of the backward pass, taken in reverse order. */
  private sealed interface Step {}

  /**
   * A block.
   *
   * @param inputs handles, leaves among them
   * @param outputs the leaves that its results and hidden states went on as, by position and name
   * @param weights names of the weights it uses
   */
  private record Unit(
      ForwardPass pass,
      Pass.MultiBlock block,
      NDArray[] inputs,
      Map<Object, NDArray> outputs,
      Set<String> weights)
      implements Step {}

  /**
   * An input of a block that was computed between blocks.
   *
   * @param value the recorded result
   * @param leaf what the blocks take in its place
   */
  private record Seam(NDArray value, NDArray leaf) implements Step {}

  /** Runs a block and keeps what it takes to run it again. */
  ForwardPass.Outcome run(ForwardPass pass, Pass.MultiBlock block, NDArray... inputs) {
    busy = true;
    try {
      ForwardPass.Outcome plain = pass.watch(block, inputs);
      boolean differentiable = plain.trained();
      for (NDArray input : inputs) {
        differentiable = differentiable || Autograd.needsGradient(input);
      }
      return differentiable ? keep(pass, block, inputs, plain) : plain;
    } finally {
      busy = false;
    }
  }

  private ForwardPass.Outcome keep(
      ForwardPass pass, Pass.MultiBlock block, NDArray[] inputs, ForwardPass.Outcome plain) {
    IdentityHashMap<NDArray, NDArray> handles = new IdentityHashMap<>();
    NDArray[] kept = new NDArray[inputs.length];
    for (int i = 0; i < inputs.length; i++) {
      kept[i] = handles.computeIfAbsent(inputs[i], this::entrance);
    }
    IdentityHashMap<NDArray, NDArray> leaves = new IdentityHashMap<>();
    for (NDArray input : inputs) {
      leaves.put(input, input); // a block may hand an input on
    }
    Map<Object, NDArray> outputs = new LinkedHashMap<>();
    NDList results = new NDList();
    for (NDArray result : plain.results()) {
      results.add(leaf(results.size(), result, leaves, outputs, pass.scope()));
    }
    Map<String, NDArray> taps = new LinkedHashMap<>();
    plain.taps().forEach((name, x) -> taps.put(name, leaf(name, x, leaves, outputs, pass.scope())));
    steps.add(new Unit(pass, block, kept, outputs, plain.weights()));
    return new ForwardPass.Outcome(results, taps, plain.weights(), true);
  }

  /** A handle of what a block takes: the input, or the leaf of one computed between blocks. */
  private NDArray entrance(NDArray input) {
    return Ops.handleOf(Autograd.isRecorded(input) ? seam(input) : input, manager);
  }

  private NDArray seam(NDArray input) {
    NDArray leaf = seams.get(input);
    if (leaf == null) {
      leaf = Autograd.leaf(input);
      leaf.attach(manager);
      NDScope.unregister(leaf);
      seams.put(input, leaf);
      steps.add(new Seam(Ops.handleOf(input, manager), leaf));
    }
    return leaf;
  }

  /** What a result goes on as. */
  private NDArray leaf(
      Object key,
      NDArray x,
      IdentityHashMap<NDArray, NDArray> leaves,
      Map<Object, NDArray> outputs,
      NDManager owner) {
    NDArray known = leaves.get(x);
    if (known != null) {
      return known;
    }
    if (!Ops.typeOf(x).isFloating()) {
      return x;
    }
    NDArray leaf = Autograd.leaf(x);
    leaf.attach(owner);
    leaves.put(x, leaf);
    outputs.put(key, Ops.handleOf(leaf, manager));
    return leaf;
  }

  /**
   * Accumulates the gradient of a scalar in every leaf it depends on. An open tape, which then is
   * empty, takes it through its blocks; without one it is {@link Autograd#backward(NDArray)}.
   *
   * @param loss a scalar
   */
  public static void backward(NDArray loss) {
    Tape tape = OPEN.get();
    if (tape == null) {
      Autograd.backward(loss);
    } else {
      tape.rewind(loss);
    }
  }

  private void rewind(NDArray loss) {
    busy = true;
    try (Scope scope = new Scope()) {
      expectNextBlock();
      Autograd.backwardKeepingGraph(loss);
      while (!steps.isEmpty()) {
        Step step = steps.removeLast();
        if (step instanceof Unit) {
          expectNextBlock();
        }
        backward(step);
      }
    } finally {
      busy = false;
      seams.clear();
    }
  }

  /** Has the weights of the block that is next brought while others compute. */
  private void expectNextBlock() {
    Iterator<Step> backwards = steps.descendingIterator();
    while (backwards.hasNext()) {
      if (backwards.next() instanceof Unit unit) {
        unit.pass().expect(unit.weights());
        return;
      }
    }
  }

  private static void backward(Step step) {
    if (step instanceof Unit unit) {
      backward(unit);
    } else if (step instanceof Seam seam) {
      try (NDArray value = seam.value();
          NDArray leaf = seam.leaf();
          NDArray gradient = Autograd.gradient(leaf)) {
        if (gradient != null) {
          Autograd.backwardKeepingGraph(value, gradient);
          Autograd.dropGradient(leaf);
        }
      }
    }
  }

  private static void backward(Unit unit) {
    try (Scope scope = new Scope();
        Autograd.Mode recording = Autograd.recording()) {
      Map<Object, NDArray> gradients = new LinkedHashMap<>();
      unit.outputs()
          .forEach(
              (key, leaf) -> {
                NDArray gradient = Autograd.gradient(leaf);
                if (gradient != null) {
                  gradients.put(key, gradient);
                }
              });
      if (!gradients.isEmpty()) {
        backwardAgain(unit, gradients);
      }
      unit.outputs().values().forEach(Autograd::dropGradient);
    }
    unit.outputs().values().forEach(NDArray::close);
    for (NDArray input : unit.inputs()) {
      input.close();
    }
  }

  /**
   * The gradient of {@code sum over outputs of <output, gradient> + sum over inputs of <input,
   * gradient so far>}. The second sum puts what an input has collected from later blocks before
   * what it collects in this one.
   */
  private static void backwardAgain(Unit unit, Map<Object, NDArray> gradients) {
    ForwardPass.Outcome again = unit.pass().run(unit.block(), unit.inputs());
    List<NDArray> terms = new ArrayList<>();
    gradients.forEach((key, gradient) -> addTerm(terms, output(again, key), gradient));
    Set<NDArray> inputs = Collections.newSetFromMap(new IdentityHashMap<>());
    Collections.addAll(inputs, unit.inputs());
    for (NDArray input : inputs) {
      NDArray before = Autograd.needsGradient(input) ? Autograd.gradient(input) : null;
      if (before != null) {
        addTerm(terms, input, before.duplicate());
        Autograd.zeroGradient(input);
      }
    }
    if (!terms.isEmpty()) {
      Autograd.backward(terms.stream().reduce(NDArray::add).orElseThrow());
    }
  }

  private static NDArray output(ForwardPass.Outcome outcome, Object key) {
    NDArray output =
        key instanceof Integer position
            ? outcome.results().get(position)
            : outcome.taps().get((String) key);
    if (output == null) {
      throw new IllegalStateException(
          "a block offered the hidden state '%s' at first, but not when it ran again"
              .formatted(key));
    }
    return output;
  }

  private static void addTerm(List<NDArray> terms, NDArray x, NDArray gradient) {
    if (Autograd.needsGradient(x)) {
      terms.add(x.mul(gradient).sum());
    }
  }

  @Override
  public void close() {
    OPEN.remove();
    steps.clear();
    seams.clear();
    manager.close();
  }
}
