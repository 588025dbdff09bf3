package dmdx.nn.contract;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import dmdx.nn.torch.Autograd;
import dmdx.nn.torch.Ops;
import dmdx.nn.torch.Scope;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;

/** The problems found so far, each once. */
final class Findings {
  private static final int RUNS = 4;

  private final Set<String> problems = new LinkedHashSet<>();

  List<String> list() {
    return List.copyOf(problems);
  }

  void add(String problem) {
    problems.add(problem);
  }

  /** A problem unless it holds. */
  @SuppressWarnings("AnnotateFormatMethod") // the annotation would be a dependency
  void require(boolean holds, String problem, Object... arguments) {
    if (!holds) {
      add(problem.formatted(arguments));
    }
  }

  /** A part of the check; what it throws is a problem. */
  void part(String what, Runnable check) {
    try {
      check.run();
    } catch (RuntimeException e) {
      add("%s: throws %s".formatted(what, e));
    }
  }

  /** The same several times, after which no more tensors may be left than after the second. */
  void repeated(String what, Consumer<NDManager> check) {
    part(
        what,
        () -> {
          List<Integer> left = new ArrayList<>();
          try (NDManager manager = NDManager.newBaseManager(Device.cpu())) {
            for (int i = 0; i < RUNS; i++) {
              try (Scope scope = new Scope()) {
                check.accept(manager);
              }
              left.add(manager.getManagedArrays().size());
            }
          }
          require(
              left.get(RUNS - 1).equals(left.get(1)),
              "%s: memory grows; after each run there are %s tensors",
              what,
              left);
        });
  }

  /** Whether the shape is that; a problem if not. */
  boolean shape(String what, NDArray x, Shape expected) {
    boolean equal = x.getShape().equals(expected);
    require(equal, "%s: is %s, expected %s", what, x.getShape(), expected);
    return equal;
  }

  /**
   * Whether a loss is a scalar that a backward pass can start from; a problem if not, or if it is
   * no finite number.
   *
   * @param input what its gradient should flow to
   */
  boolean loss(String what, NDArray value, String input) {
    finite(what, value);
    boolean recorded = Autograd.isRecorded(value);
    require(recorded, "%s: no gradient flows to the %s", what, input);
    return shape(what, value, new Shape()) && recorded;
  }

  void finite(String what, NDArray x) {
    NDArray wide = Ops.cast(x, DataType.FLOAT32);
    require(
        !wide.isNaN().any().getBoolean() && !wide.isInfinite().any().getBoolean(),
        "%s: has values that are no finite numbers",
        what);
  }

  /**
   * The gradient of {@code mean(y^2)} must arrive.
   *
   * @param elements whether every element of the leaf must have a part in it, rather than any
   */
  void gradient(String what, NDArray y, NDArray leaf, boolean elements) {
    if (!Autograd.isRecorded(y)) {
      add(what + ": no gradient flows to the input");
      return;
    }
    arrived(what, Ops.cast(y, DataType.FLOAT32).square().mean(), leaf, elements);
  }

  /**
   * @param loss a recorded scalar
   */
  void arrived(String what, NDArray loss, NDArray leaf, boolean elements) {
    Autograd.backward(loss);
    NDArray gradient = Autograd.gradient(leaf);
    if (gradient == null) {
      add(what + ": no gradient flows to the input");
      return;
    }
    finite("gradient of " + what, gradient);
    long size = gradient.size();
    long zeros = gradient.eq(0).countNonzero().getLong();
    require(
        elements ? zeros == 0 : zeros < size,
        "gradient of %s: is 0 at %d of %d elements of the input%s",
        what,
        zeros,
        size,
        zeros < size ? "" : ". A layer whose weights are all zero would do that: give it others");
  }
}
