package dmdx.nn.optim;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.NDScope;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import dmdx.nn.torch.Autograd;
import dmdx.nn.torch.Ops;
import dmdx.nn.torch.Prefetch.Use;
import dmdx.nn.torch.Scope;
import dmdx.nn.weights.Storage;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Adam with decoupled weight decay (Loshchilov and Hutter 2019). Step k with learning rate a:
 *
 * <pre>
 * p = p (1 - a weightDecay)
 * m = beta1 m + (1 - beta1) g
 * v = beta2 v + (1 - beta2) g^2
 * p = p - a m / (1 - beta1^k) / (sqrt(v / (1 - beta2^k)) + eps)
 * </pre>
 *
 * All in place, piece by piece; memory does not grow with the number of steps. With beta1 = 0 there
 * is no m. Not for use from several threads at once.
 */
public final class AdamW implements AutoCloseable {
  private static final String FIRST = "first_moment";
  private static final String SECOND = "second_moment";

  private final Settings settings;
  private final Storage storage;
  private final NDManager manager;
  private final long size;
  private final @Nullable NDArray first;
  private final NDArray second;
  private final NDArray work;
  private final NDArray update;
  private final NDArray firstWeight;
  private final NDArray secondWeight;
  private long steps;

  /**
   * @param learningRate a, at least 0
   * @param beta1 decay of the first moment, in [0, 1)
   * @param beta2 decay of the second moment, in [0, 1)
   * @param eps above 0
   * @param weightDecay at least 0
   */
  public record Settings(
      double learningRate, double beta1, double beta2, double eps, double weightDecay) {
    public Settings {
      if (!(learningRate >= 0)
          || !(beta1 >= 0 && beta1 < 1)
          || !(beta2 >= 0 && beta2 < 1)
          || !(eps > 0)
          || !(weightDecay >= 0)
          || !Double.isFinite(learningRate + eps + weightDecay)) {
        throw new IllegalArgumentException(
            "AdamW with learning rate %s, betas (%s, %s), eps %s, weight decay %s; expected"
                    .formatted(learningRate, beta1, beta2, eps, weightDecay)
                + " learning rate and weight decay of at least 0, betas in [0, 1), eps above 0");
      }
    }
  }

  /**
   * @param flatParameters the tensor to be optimised, float32 {@code [n]}; only its size and device
   *     are used
   * @param manager parent of the memory of the moments
   */
  public AdamW(NDArray flatParameters, Settings settings, NDManager manager) {
    this(flatParameters, settings, Storage.inMemory(), manager);
  }

  /**
   * @param flatParameters the tensor to be optimised, float32 {@code [n]}; only its size and device
   *     are used
   * @param storage holds the moments, and all else that is large
   * @param manager parent of all other memory
   */
  public AdamW(NDArray flatParameters, Settings settings, Storage storage, NDManager manager) {
    Chunks.requireFlat("the parameter tensor", flatParameters);
    this.settings = settings;
    this.storage = storage;
    this.manager = manager.newSubManager(flatParameters.getDevice());
    size = flatParameters.size();
    long piece = Math.min(size, Chunks.size(this.manager.getDevice()));
    first = settings.beta1() == 0 ? null : lasting(storage.zeros(FIRST, size, this.manager));
    second = lasting(storage.zeros(SECOND, size, this.manager));
    work = zeros(piece);
    update = zeros(piece);
    firstWeight = scalar(1 - settings.beta1());
    secondWeight = scalar(1 - settings.beta2());
  }

  private NDArray zeros(long elements) {
    return lasting(manager.zeros(new Shape(elements), DataType.FLOAT32));
  }

  private NDArray scalar(double value) {
    return lasting(manager.create((float) value));
  }

  private static NDArray lasting(NDArray x) {
    NDScope.unregister(x);
    return x;
  }

  /**
   * One step.
   *
   * @param flatParameters {@code [n]}, changed in place
   * @param flatGradient {@code [n]}
   * @param learningRateScale factor on the learning rate, for warm-up and decay
   */
  public void step(NDArray flatParameters, NDArray flatGradient, double learningRateScale) {
    step(flatParameters, flatGradient, 1, learningRateScale);
  }

  /**
   * One step with a multiple of a gradient.
   *
   * @param flatParameters {@code [n]}, changed in place
   * @param flatGradient {@code [n]}, stays as it is
   * @param gradientScale g is the gradient times this, see {@link GradientClip#factor}
   * @param learningRateScale factor on the learning rate, for warm-up and decay
   */
  public void step(
      NDArray flatParameters,
      NDArray flatGradient,
      double gradientScale,
      double learningRateScale) {
    Chunks.requireSameSize("the parameter tensor", flatParameters, size);
    Chunks.requireSameSize("the gradient", flatGradient, size);
    steps++;
    double rate = settings.learningRate() * learningRateScale;
    List<Chunks.Operand> used = new ArrayList<>();
    used.add(new Chunks.Operand(flatParameters, Use.CHANGE));
    used.add(new Chunks.Operand(flatGradient, Use.READ));
    state().values().forEach(moment -> used.add(new Chunks.Operand(moment, Use.CHANGE)));
    try (Autograd.Mode paused = Autograd.paused()) {
      Chunks.forEach(
          storage, used, from -> change(flatParameters, flatGradient, gradientScale, from, rate));
    }
  }

  private void change(
      NDArray flatParameters, NDArray flatGradient, double gradientScale, long from, double rate) {
    try (Scope scope = new Scope()) {
      NDArray p = Chunks.at(flatParameters, from);
      NDArray g = Chunks.at(flatGradient, from);
      NDArray v = Chunks.at(second, from);
      NDArray w = Ops.slice(work, 0, 0, p.size());
      NDArray u = Ops.slice(update, 0, 0, p.size());

      if (settings.weightDecay() != 0) {
        p.muli(1 - rate * settings.weightDecay());
      }
      Ops.copy(u, g);
      if (gradientScale != 1) {
        u.muli(gradientScale);
      }
      Ops.copy(w, u);
      w.muli(w);
      Ops.lerpInPlace(v, w, secondWeight);
      if (first != null) {
        NDArray m = Chunks.at(first, from);
        Ops.lerpInPlace(m, u, firstWeight);
        Ops.copy(u, m);
      }

      Ops.copy(w, v);
      Ops.sqrtInPlace(w);
      w.divi(Math.sqrt(1 - Math.pow(settings.beta2(), (double) steps)));
      w.addi(settings.eps());
      u.divi(w);
      u.muli(rate / (1 - Math.pow(settings.beta1(), (double) steps)));
      p.subi(u);
    }
  }

  /** The number of steps taken. */
  public long steps() {
    return steps;
  }

  /**
   * The moments, {@code [n]} each, for a checkpoint. They stay this optimizer's and change with the
   * next step.
   */
  public Map<String, NDArray> state() {
    Map<String, NDArray> state = new LinkedHashMap<>();
    if (first != null) {
      state.put(FIRST, first);
    }
    state.put(SECOND, second);
    return state;
  }

  /**
   * Continues where {@link #state} was taken.
   *
   * @param state copied
   * @param steps steps taken then
   * @throws IllegalArgumentException if the state is that of other settings or another network
   */
  public void restore(Map<String, NDArray> state, long steps) {
    Set<String> expected = state().keySet();
    if (!state.keySet().equals(expected) || steps < 0) {
      throw new IllegalArgumentException(
          "the optimizer state holds %s after %d steps, expected %s; resume with the settings it"
                  .formatted(state.keySet(), steps, expected)
              + " was saved with");
    }
    state.forEach((name, tensor) -> Chunks.requireSameSize(name, tensor, size));
    Map<String, NDArray> own = state();
    state.forEach((name, tensor) -> Ops.copy(Objects.requireNonNull(own.get(name)), tensor));
    this.steps = steps;
  }

  @Override
  public void close() {
    manager.close();
  }
}
