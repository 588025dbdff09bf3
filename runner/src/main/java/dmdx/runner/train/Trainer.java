package dmdx.runner.train;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dmdx.nn.torch.Autograd;
import dmdx.nn.torch.Ops;
import dmdx.nn.torch.Scope;
import dmdx.nn.weights.Tape;
import dmdx.runner.train.Iteration.Metric;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The loop: for each iteration and each due update, loss, backward, clip, step, average. */
public final class Trainer {
  private final TrainingPlan plan;
  private final long seed;
  private final NDManager parent;
  private final boolean recompute;

  /**
   * @param seed the run's seed
   * @param parent owner of the iterations' tensors
   */
  public Trainer(TrainingPlan plan, long seed, NDManager parent) {
    this(plan, seed, parent, false);
  }

  /**
   * @param seed the run's seed
   * @param parent owner of the iterations' tensors
   * @param recompute whether blocks are computed again in the backward pass, see {@link Tape}
   */
  public Trainer(TrainingPlan plan, long seed, NDManager parent, boolean recompute) {
    this.plan = plan;
    this.seed = seed;
    this.parent = parent;
    this.recompute = recompute;
  }

  /** Is told of every finished iteration. */
  @FunctionalInterface
  public interface Observer {
    /**
     * @param iteration zero-based number of the iteration that just ended
     * @param metrics what the objectives logged, plus losses and gradient norms
     */
    void finished(long iteration, Map<String, Double> metrics);
  }

  /**
   * Trains from iteration {@code from} to the end of the plan.
   *
   * @throws DivergenceException if a loss or gradient is not finite
   */
  public void run(long from, Observer observer) {
    for (long number = from; number < plan.iterations(); number++) {
      observer.finished(number, iterate(number));
    }
  }

  /**
   * One iteration.
   *
   * @return what the objectives logged, plus losses and gradient norms
   */
  public Map<String, Double> iterate(long number) {
    return iterate(number, (update, work) -> work.run());
  }

  /** Surrounds the work of every update. */
  @FunctionalInterface
  public interface Around {
    /**
     * @param work has to be run once
     */
    void run(Update update, Runnable work);
  }

  /**
   * @see #iterate(long)
   */
  public Map<String, Double> iterate(long number, Around around) {
    Map<String, Metric> metrics = new LinkedHashMap<>();
    Map<String, Object> shared = new HashMap<>();
    try (Scope scope = new Scope();
        NDManager manager = parent.newSubManager()) {
      List<Iteration> micros =
          java.util.stream.IntStream.range(0, plan.microBatches())
              .mapToObj(
                  m -> new Iteration(number, m, seeds(), manager, plan::role, shared, metrics))
              .toList();
      for (Update update : plan.updates()) {
        if (update.isDue(number)) {
          around.run(update, () -> apply(update, micros, manager, metrics));
        }
      }
    }
    return Iteration.means(metrics);
  }

  private Object[] seeds() {
    return new Object[] {seed, plan.stage()};
  }

  private void apply(
      Update update, List<Iteration> micros, NDManager manager, Map<String, Metric> metrics) {
    List<TrainableRole> roles = update.roles().stream().map(plan::role).toList();
    roles.forEach(TrainableRole::open);
    try {
      for (Iteration micro : micros) {
        backward(update, micro, 1f / micros.size(), metrics);
      }
      for (TrainableRole role : roles) {
        try (Scope scope = new Scope()) {
          double norm = role.step(manager, micros.get(0).number(), plan.iterations());
          metric(metrics, TrainingPlan.gradientNorm(role)).add(norm);
        }
      }
    } finally {
      roles.forEach(TrainableRole::abandon);
    }
  }

  private void backward(Update update, Iteration micro, float share, Map<String, Metric> metrics) {
    try (Scope scope = new Scope();
        Autograd.Mode recording = Autograd.recording();
        Tape tape = recompute ? Tape.open(micro.manager()) : null) {
      micro.enter(scope);
      NDArray loss = update.objective().loss(micro);
      float value = loss.getFloat();
      if (!Float.isFinite(value)) {
        throw new DivergenceException(
            "iteration %d: the loss of update '%s' is %s, expected a finite number. Lower the learning rates and start a new run"
                .formatted(micro.number() + 1, update.name(), value));
      }
      metric(metrics, TrainingPlan.loss(update)).add(value);
      Tape.backward(share == 1 ? loss : Ops.times(loss, share));
    }
  }

  private static Metric metric(Map<String, Metric> metrics, String name) {
    return metrics.computeIfAbsent(name, k -> new Metric());
  }
}
