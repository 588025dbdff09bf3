package dmdx.runner.train;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.NDScope;
import ai.djl.ndarray.types.Shape;
import dmdx.api.network.Network;
import dmdx.api.network.Weights;
import dmdx.nn.optim.AdamW;
import dmdx.nn.optim.Ema;
import dmdx.nn.optim.GradientClip;
import dmdx.nn.torch.Ops;
import dmdx.nn.weights.Leaves;
import dmdx.nn.weights.MapWeights;
import dmdx.nn.weights.TrainableWeights;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.function.BiConsumer;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * A network that a stage trains: weights, optimizer state and, if asked for, their running mean.
 *
 * <p>What is trained may be a part, such as adapters over a frozen base; {@link #weights} and
 * {@link #averaged} are the whole, {@link #trained} is the part.
 */
public final class TrainableRole implements AutoCloseable {
  private final String name;
  private final Network network;
  private final TrainableWeights weights;
  private final UnaryOperator<Weights> complete;
  private final OptimizerSettings settings;
  private final AdamW optimizer;
  private final double emaDecay;
  private final @Nullable NDArray average;
  private final Weights averaged;
  private @Nullable Leaves leaves;

  /**
   * @param name role name, a folder in checkpoints
   * @param network what is trained
   * @param weights the role's own weights of that network, which it closes
   * @param complete all weights of the role, given the trained ones; identity if all are trained
   * @param emaDecay decay of the running mean in (0, 1), or 0 for none
   */
  public TrainableRole(
      String name,
      Network network,
      TrainableWeights weights,
      UnaryOperator<Weights> complete,
      OptimizerSettings settings,
      double emaDecay,
      NDManager manager) {
    this.name = name;
    this.network = network;
    this.weights = weights;
    this.complete = complete;
    this.settings = settings;
    this.emaDecay = emaDecay;
    try {
      optimizer = new AdamW(weights.flat(), settings.adamW(), weights.storage(), manager);
      average = emaDecay > 0 ? copy(weights) : null;
    } catch (RuntimeException e) {
      weights.close();
      throw e;
    }
    averaged = average == null ? weights : views(average);
  }

  private static NDArray copy(TrainableWeights weights) {
    NDArray flat = weights.flat();
    NDArray copy = weights.storage().zeros("average", flat.size(), flat.getManager());
    NDScope.unregister(copy);
    Ops.copy(copy, flat);
    return copy;
  }

  public String name() {
    return name;
  }

  /** All weights as they are now; constants. */
  public Weights weights() {
    return complete.apply(weights);
  }

  /** All weights, with the running mean of the trained ones where there is one. */
  public Weights averaged() {
    return complete.apply(averaged);
  }

  /** The trained weights alone, their running mean where there is one: what is worth keeping. */
  public Weights trained() {
    return averaged;
  }

  private Weights views(NDArray flat) {
    Map<String, NDArray> views = new LinkedHashMap<>();
    long offset = 0;
    for (var parameter : network.parameters()) {
      if (!parameter.trainable()) {
        views.put(parameter.name(), weights.get(parameter.name()));
        continue;
      }
      long size = parameter.shape().size();
      try (NDArray part = Ops.slice(flat, 0, offset, offset + size)) {
        NDArray view = part.reshape(parameter.shape());
        NDScope.unregister(view);
        views.put(parameter.name(), view);
      }
      offset += size;
    }
    return new MapWeights("average of " + name, views);
  }

  /** Weights that collect gradients while an update of this role is open, else constants. */
  Weights current() {
    return complete.apply(leaves == null ? weights : leaves);
  }

  void open() {
    leaves = weights.leaves();
  }

  /**
   * Ends an update: clips the collected gradient, steps, averages.
   *
   * @return the gradient's norm before clipping
   * @throws DivergenceException if the gradient is not finite; this role's weights are unchanged
   */
  double step(NDManager scope, long iteration, long total) {
    if (leaves == null) {
      throw new IllegalStateException("no update of '" + name + "' is open");
    }
    try (Leaves collected = leaves) {
      NDArray gradient = collected.gradient(scope);
      double limit = settings.clip() == 0 ? Double.POSITIVE_INFINITY : settings.clip();
      double norm = GradientClip.norm(gradient, weights.storage());
      if (!Double.isFinite(norm)) {
        throw new DivergenceException(
            "iteration %d: the gradient norm of '%s' is %s, expected a finite number. Lower its learning-rate or clip and start a new run"
                .formatted(iteration + 1, name, norm));
      }
      long steps = optimizer.steps();
      double rate = settings.scale(steps, iteration, total);
      optimizer.step(weights.flat(), gradient, GradientClip.factor(norm, limit), rate);
      if (average != null) {
        double decay = Math.min(emaDecay, (steps + 1.0) / (steps + 10));
        Ema.update(average, weights.flat(), decay, weights.storage());
      }
      return norm;
    } finally {
      leaves = null;
    }
  }

  void abandon() {
    if (leaves != null) {
      leaves.close();
      leaves = null;
    }
  }

  /** Everything that changes in training, by name; aliases, not copies. */
  public Map<String, NDArray> state() {
    Map<String, NDArray> state = new LinkedHashMap<>();
    state.put("weights", weights.flat());
    if (average != null) {
      state.put("average", average);
    }
    optimizer.state().forEach((key, value) -> state.put("adamw." + key, value));
    return state;
  }

  public long optimizerSteps() {
    return optimizer.steps();
  }

  /**
   * Puts back what {@link #state} gave.
   *
   * @throws IllegalArgumentException if a tensor is missing or has another size
   */
  public void restore(Map<String, NDArray> saved, long optimizerSteps) {
    Map<String, Shape> shapes = new LinkedHashMap<>();
    saved.forEach((key, value) -> shapes.put(key, value.getShape()));
    restore(
        shapes,
        (key, target) -> Ops.copy(target, Objects.requireNonNull(saved.get(key))),
        optimizerSteps);
  }

  /**
   * The same from where the tensors need not be in memory.
   *
   * @param saved their shapes by name
   * @param copy copies one of that name into a tensor of that shape
   */
  public void restore(
      Map<String, Shape> saved, BiConsumer<String, NDArray> copy, long optimizerSteps) {
    Map<String, NDArray> state = state();
    state.forEach(
        (key, target) -> {
          Shape shape = saved.get(key);
          if (!target.getShape().equals(shape)) {
            throw new IllegalArgumentException(
                "role '%s': '%s' is %s, expected %s"
                    .formatted(name, key, shape == null ? "missing" : shape, target.getShape()));
          }
        });
    for (String key : saved.keySet()) {
      if (key.startsWith("adamw.") && !state.containsKey(key)) {
        throw new IllegalArgumentException(
            "role '%s': '%s' is of an optimizer with other betas; resume with the settings it was saved with"
                .formatted(name, key));
      }
    }
    state.forEach(copy);
    optimizer.restore(optimizer.state(), optimizerSteps);
  }

  @Override
  public void close() {
    optimizer.close();
    if (average != null) {
      average.close();
    }
    weights.close();
  }
}
