package dmdx.nn.weights;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import dmdx.api.Precision;
import dmdx.api.network.LowRank;
import dmdx.api.network.Weights;
import dmdx.nn.torch.Ops;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Weights in the type a network computes in, over others that stay in float32.
 *
 * <p>A weight is cast whenever it is asked for, and the copy is freed with the enclosing {@link
 * dmdx.nn.torch.Scope}, so that float32 masters are all that is kept between passes. Gradients flow
 * through the cast and arrive in float32.
 */
public final class ComputeWeights implements Weights {
  private final Weights source;
  private final DataType type;

  private ComputeWeights(Weights source, DataType type) {
    this.source = source;
    this.type = type;
  }

  /**
   * {@code source} in a precision: itself for FP32, and for a checkpoint {@link
   * CheckpointWeights#in}, which keeps the copy instead.
   *
   * @param source float32 weights
   */
  public static Weights of(Weights source, Precision precision) {
    if (precision == Precision.FP32) {
      return source;
    }
    if (source instanceof DryWeights dry) {
      return dry.in(DType.of(precision).stored());
    }
    return source instanceof CheckpointWeights checkpoint
        ? checkpoint.in(precision)
        : new ComputeWeights(source, DType.of(precision).stored());
  }

  @Override
  public Set<String> names() {
    return source.names();
  }

  @Override
  public NDArray get(String name) {
    return Ops.cast(source.get(name), type);
  }

  /** The base is cast; layers take the factors in the type they compute in. */
  @Override
  public @Nullable LowRank lowRank(String name) {
    LowRank parts = source.lowRank(name);
    return parts == null
        ? null
        : new LowRank(Ops.cast(parts.base(), type), parts.down(), parts.up(), parts.scale());
  }
}
