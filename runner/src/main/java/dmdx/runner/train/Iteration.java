package dmdx.runner.train;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import dmdx.api.network.Weights;
import dmdx.nn.torch.Scope;
import dmdx.nn.weights.ForwardPass;
import dmdx.nn.weights.Noise;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * One micro-batch of one iteration: its randomness, its passes, its memory and its metrics.
 *
 * <p>Every random number is a function of (run seed, stage, iteration, micro-batch, stream), so a
 * resumed run repeats the draws of an uninterrupted one.
 */
public final class Iteration {
  private final long number;
  private final int micro;
  private final Object[] seed;
  private final NDManager manager;
  private final Function<String, TrainableRole> roles;
  private final Map<String, Object> shared;
  private final Map<String, Metric> metrics;
  private @Nullable Scope scope;

  Iteration(
      long number,
      int micro,
      Object[] seed,
      NDManager manager,
      Function<String, TrainableRole> roles,
      Map<String, Object> shared,
      Map<String, Metric> metrics) {
    this.number = number;
    this.micro = micro;
    this.seed = seed;
    this.manager = manager;
    this.roles = roles;
    this.shared = shared;
    this.metrics = metrics;
  }

  /** A running mean of one logged value. */
  static final class Metric {
    private double sum;
    private int count;

    void add(double value) {
      sum += value;
      count++;
    }

    double mean() {
      return sum / count;
    }
  }

  /** Zero-based number of the iteration. */
  public long number() {
    return number;
  }

  /** Zero-based number of the micro-batch. */
  public int micro() {
    return micro;
  }

  /** Owns the tensors of this iteration. */
  public NDManager manager() {
    return manager;
  }

  /** The stream of random numbers of that name. */
  public Noise noise(String stream) {
    Object[] keys = java.util.Arrays.copyOf(seed, seed.length + 3);
    keys[seed.length] = number;
    keys[seed.length + 1] = micro;
    keys[seed.length + 2] = stream;
    return Noise.of(keys);
  }

  /** Unit Gaussian noise from the stream of that name. */
  public NDArray gaussian(String stream, Shape shape) {
    return noise(stream).gaussian(manager, shape);
  }

  /** A pass through a trained role; it collects gradients if the role's update is running. */
  public ForwardPass pass(String role) {
    return ForwardPass.of(roles.apply(role).current(), manager);
  }

  /** A pass that treats a trained role as constant. */
  public ForwardPass constantPass(String role) {
    return ForwardPass.of(roles.apply(role).weights(), manager);
  }

  /** A pass through frozen weights. */
  public ForwardPass pass(Weights frozen) {
    return ForwardPass.of(frozen, manager);
  }

  /** Lets a tensor outlive the update that made it, until the iteration ends. */
  public NDArray keep(NDArray x) {
    x.attach(manager);
    return scope == null ? x : scope.keep(x);
  }

  /** A value that several updates of one micro-batch share. */
  public <T> @Nullable T shared(Class<T> type) {
    return type.cast(shared.get(type.getName() + micro));
  }

  /** Shares a value with the updates that follow in this micro-batch. */
  public <T> T share(Class<T> type, T value) {
    shared.put(type.getName() + micro, value);
    return value;
  }

  /** Logs a value; micro-batches and repeated updates are averaged. */
  public void log(String metric, double value) {
    metrics.computeIfAbsent(metric, k -> new Metric()).add(value);
  }

  /** Logs a scalar tensor. */
  public void log(String metric, NDArray scalar) {
    log(metric, scalar.toType(ai.djl.ndarray.types.DataType.FLOAT32, false).getFloat());
  }

  void enter(Scope updateScope) {
    scope = updateScope;
  }

  static Map<String, Double> means(Map<String, Metric> metrics) {
    Map<String, Double> means = new LinkedHashMap<>();
    metrics.forEach((name, metric) -> means.put(name, metric.mean()));
    return means;
  }
}
