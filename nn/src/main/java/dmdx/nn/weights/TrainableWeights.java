package dmdx.nn.weights;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.NDScope;
import ai.djl.ndarray.types.DataType;
import dmdx.api.CheckpointException;
import dmdx.api.network.Network;
import dmdx.api.network.ParameterSpec;
import dmdx.api.network.ParameterSpec.Initial;
import dmdx.api.network.Weights;
import dmdx.nn.torch.Ops;
import dmdx.nn.torch.Prefetch.Use;
import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.BiConsumer;
import java.util.function.Consumer;

/**
 * A role's own float32 weights, which an optimizer changes.
 *
 * <p>All trainable parameters are views of one flat tensor, so that optimizer, gradient norm,
 * averaging and checkpoints work on a single tensor whatever the network; fixed ones lie apart.
 * {@link #get} returns constants; {@link #leaves} starts an update.
 */
public final class TrainableWeights implements Weights, AutoCloseable {
  private final NDManager manager;
  private final Storage storage;
  private final NDArray flat;
  private final Map<String, NDArray> views = new LinkedHashMap<>();
  private final Map<String, NDArray> fixed = new LinkedHashMap<>();
  private final Upcoming upcoming;

  private TrainableWeights(Network network, Storage storage, NDManager parent) {
    this.storage = storage;
    manager = parent.newSubManager(storage.device(parent.getDevice()));
    flat = storage.zeros("weights", network.parameterCount(), manager);
    NDScope.unregister(flat);
    long offset = 0;
    for (ParameterSpec parameter : network.parameters()) {
      if (!parameter.trainable()) {
        NDArray constant = manager.zeros(parameter.shape(), DataType.FLOAT32);
        NDScope.unregister(constant);
        fixed.put(parameter.name(), constant);
        continue;
      }
      long size = parameter.shape().size();
      try (NDArray part = Ops.slice(flat, 0, offset, offset + size)) {
        NDArray view = part.reshape(parameter.shape());
        NDScope.unregister(view);
        if (views.put(parameter.name(), view) != null) {
          throw new IllegalArgumentException("the network names '" + parameter.name() + "' twice");
        }
      }
      offset += size;
    }
    upcoming = upcoming(Use.READ);
  }

  private Upcoming upcoming(Use use) {
    Map<String, Long> bytes = new LinkedHashMap<>();
    views.forEach((name, view) -> bytes.put(name, view.size() * Float.BYTES));
    return new Upcoming(bytes, name -> storage.expect(view(name), use));
  }

  private NDArray view(String name) {
    return Objects.requireNonNull(views.get(name));
  }

  /** A trainable copy of {@code source}, in the memory of the manager's device. */
  public static TrainableWeights copyOf(Network network, Weights source, NDManager manager) {
    return copyOf(network, source, Storage.inMemory(), manager);
  }

  /**
   * A trainable copy of {@code source}.
   *
   * @param storage holds it and what training adds to it; closed with it
   */
  public static TrainableWeights copyOf(
      Network network, Weights source, Storage storage, NDManager manager) {
    return filled(network, storage, manager, weights -> weights.set(source));
  }

  private static TrainableWeights filled(
      Network network, Storage storage, NDManager manager, Consumer<TrainableWeights> values) {
    TrainableWeights weights = new TrainableWeights(network, storage, manager);
    try {
      values.accept(weights);
      return weights;
    } catch (RuntimeException e) {
      weights.close();
      throw e;
    }
  }

  /** Takes over the values of {@code source}, which has weights of the same names and shapes. */
  public void set(Weights source) {
    BiConsumer<String, NDArray> copy =
        source instanceof StoredWeights stored
            ? stored::copy
            : (name, target) -> Ops.copy(target, source.get(name));
    Upcoming targets = upcoming(Use.CHANGE);
    views.forEach(
        (name, view) -> {
          targets.asked(name);
          copy.accept(name, view);
        });
    fixed.forEach(copy);
  }

  /** Freshly initialised weights; the same seed gives the same weights. */
  public static TrainableWeights initialised(Network network, long seed, NDManager manager) {
    return initialised(network, seed, Storage.inMemory(), manager);
  }

  /**
   * Freshly initialised weights; the same seed gives the same weights.
   *
   * @param storage holds them and what training adds to them; closed with them
   */
  public static TrainableWeights initialised(
      Network network, long seed, Storage storage, NDManager manager) {
    return filled(network, storage, manager, fresh -> fresh.initialise(network, seed));
  }

  private void initialise(Network network, long seed) {
    for (ParameterSpec parameter : network.parameters()) {
      NDArray view = get(parameter.name());
      Initial initial = parameter.initial();
      if (initial instanceof Initial.Ones) {
        view.addi(1f);
      } else if (initial instanceof Initial.Normal normal) {
        Noise noise = Noise.of(seed, parameter.name());
        try (NDArray values = noise.gaussian(manager, parameter.shape())) {
          values.muli((float) normal.std());
          Ops.copy(view, values);
        }
      } else if (initial instanceof Initial.Fixed table) {
        try (NDArray values = manager.create(table.values().get(), parameter.shape())) {
          Ops.copy(view, values);
        }
      }
    }
  }

  @Override
  public Set<String> names() {
    Set<String> names = new LinkedHashSet<>(views.keySet());
    names.addAll(fixed.keySet());
    return Collections.unmodifiableSet(names);
  }

  @Override
  public NDArray get(String name) {
    NDArray view = views.getOrDefault(name, fixed.get(name));
    if (view == null) {
      throw new CheckpointException("there is no trainable weight '" + name + "'");
    }
    upcoming.asked(name);
    return view;
  }

  @Override
  public void expect(Collection<String> names) {
    upcoming.expect(names);
  }

  /** All trainable parameters in network order, {@code [parameterCount]}, float32. */
  public NDArray flat() {
    return flat;
  }

  /** Where these and what training adds to them lie. */
  public Storage storage() {
    return storage;
  }

  /** Opens an update: weights that collect gradients. Close it before the next one. */
  public Leaves leaves() {
    return new Leaves(views, fixed, upcoming, storage, manager);
  }

  @Override
  public void close() {
    manager.close();
    storage.close();
  }
}
