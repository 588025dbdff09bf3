package dmdx.nn.lora;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import dmdx.api.network.LowRank;
import dmdx.api.network.Weights;
import dmdx.nn.torch.Ops;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Base weights with low-rank deltas. Layers take the parts; {@link #get} computes the whole weight
 * anew at every call, which the enclosing {@link dmdx.nn.torch.Scope} frees.
 */
final class LoraWeights implements Weights {
  private final Map<String, LoraModule> adapted = new HashMap<>();
  private final Weights base;
  private final Weights adapters;
  private final double factor;

  LoraWeights(List<LoraModule> modules, Weights base, Weights adapters, double factor) {
    modules.forEach(module -> adapted.put(module.weightName(), module));
    this.base = base;
    this.adapters = adapters;
    this.factor = factor;
  }

  @Override
  public Set<String> names() {
    return base.names();
  }

  @Override
  public NDArray get(String name) {
    LowRank parts = lowRank(name);
    return parts == null ? base.get(name) : merged(parts);
  }

  @Override
  public @Nullable LowRank lowRank(String name) {
    LoraModule module = adapted.get(name);
    return module == null
        ? base.lowRank(name)
        : new LowRank(
            base.get(name),
            adapters.get(module.downName()),
            adapters.get(module.upName()),
            factor * module.scale());
  }

  @Override
  public void expect(Collection<String> names) {
    base.expect(names);
    adapters.expect(
        names.stream()
            .map(adapted::get)
            .filter(Objects::nonNull)
            .flatMap(module -> Stream.of(module.downName(), module.upName()))
            .toList());
  }

  /** {@code base + scale up down}, computed in float32, in the type of the base. */
  private static NDArray merged(LowRank parts) {
    Shape shape = parts.base().getShape();
    long rank = parts.down().getShape().get(0);
    try (NDArray down = Ops.cast(parts.down(), DataType.FLOAT32).reshape(rank, -1);
        NDArray up = Ops.cast(parts.up(), DataType.FLOAT32).reshape(-1, rank);
        NDArray product = up.matMul(down);
        NDArray scaled = Ops.times(product, parts.scale());
        NDArray delta = scaled.reshape(shape)) {
      NDArray sum = delta.add(Ops.cast(parts.base(), DataType.FLOAT32));
      return Ops.castLike(sum, parts.base());
    }
  }
}
