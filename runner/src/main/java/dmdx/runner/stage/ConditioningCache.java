package dmdx.runner.stage;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.NDScope;
import ai.djl.ndarray.types.DataType;
import dmdx.api.Component;
import dmdx.api.Conditioning;
import dmdx.api.ImageSize;
import dmdx.api.Teacher;
import dmdx.api.network.Passes;
import dmdx.api.network.Weights;
import dmdx.nn.torch.Autograd;
import dmdx.nn.torch.Ops;
import dmdx.nn.torch.Scope;
import dmdx.nn.weights.ForwardPass;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * Conditionings of the frozen text encoders, kept per prompt up to a number of bytes; the least
 * recently used go first.
 */
final class ConditioningCache implements AutoCloseable {
  private final Teacher teacher;
  private final ImageSize size;
  private final long capacity;
  private final UnaryOperator<Weights> computing;
  private final NDManager manager;
  private final Map<String, Conditioning> rows = new LinkedHashMap<>(16, 0.75f, true);
  private @Nullable Conditioning unconditional;
  private long bytes;

  /**
   * @param capacity bytes
   * @param computing the encoders' weights in the type they compute in, given their own
   */
  ConditioningCache(
      Teacher teacher,
      ImageSize size,
      long capacity,
      UnaryOperator<Weights> computing,
      NDManager parent) {
    this.teacher = teacher;
    this.size = size;
    this.capacity = capacity;
    this.computing = computing;
    manager = parent.newSubManager();
  }

  /** One row per prompt, owned by {@code owner}. */
  Conditioning of(List<String> prompts, NDManager owner) {
    List<Conditioning> parts = new ArrayList<>();
    for (String prompt : prompts) {
      parts.add(rows.computeIfAbsent(prompt, this::encode));
    }
    Conditioning batch = Conditioning.concatAll(parts).map(x -> attached(x, owner));
    evict();
    return batch;
  }

  /** The unconditional half of guidance, {@code count} rows owned by {@code owner}. */
  Conditioning unconditional(int count, NDManager owner) {
    if (unconditional == null) {
      unconditional = encoded(passes -> teacher.conditioner().unconditional(passes, 1, size));
    }
    return unconditional.map(x -> attached(x.repeat(0, count), owner));
  }

  private Conditioning encode(String prompt) {
    Conditioning row =
        encoded(passes -> teacher.conditioner().encode(passes, List.of(prompt), size));
    bytes += bytes(row);
    return row;
  }

  private Conditioning encoded(java.util.function.Function<Passes, Conditioning> encoder) {
    try (Scope scope = new Scope();
        Autograd.Mode paused = Autograd.paused()) {
      Passes passes =
          component -> ForwardPass.of(computing.apply(required(component).weights()), manager);
      return encoder.apply(passes).map(x -> permanent(x));
    }
  }

  private Component required(String component) {
    return Objects.requireNonNull(
        teacher.components().get(component), () -> "the teacher has no component " + component);
  }

  private NDArray permanent(NDArray x) {
    DataType type = Ops.typeOf(x);
    boolean rounded = type == DataType.BFLOAT16 || type == DataType.FLOAT16;
    NDArray copy = rounded ? Ops.cast(x, DataType.FLOAT32) : x.duplicate();
    copy.attach(manager);
    NDScope.unregister(copy);
    return copy;
  }

  private static NDArray attached(NDArray x, NDManager owner) {
    x.attach(owner);
    return x;
  }

  private void evict() {
    Iterator<Conditioning> oldest = rows.values().iterator();
    while (bytes > capacity && oldest.hasNext()) {
      Conditioning row = oldest.next();
      bytes -= bytes(row);
      row.tensors().values().forEach(NDArray::close);
      oldest.remove();
    }
  }

  private static long bytes(Conditioning row) {
    return row.tensors().values().stream()
        .mapToLong(x -> x.size() * x.getDataType().getNumOfBytes())
        .sum();
  }

  @Override
  public void close() {
    manager.close();
  }
}
