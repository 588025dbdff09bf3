package dmdx.nn.weights;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import dmdx.api.Precision;
import dmdx.api.network.LowRank;
import dmdx.api.network.Weights;
import dmdx.nn.torch.Ops;
import java.util.Collection;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Weights where a network computes and in the type it computes in, over others that stay what and
 * where they are.
 *
 * <p>A weight is converted whenever it is asked for, and the copy is freed with the enclosing
 * {@link dmdx.nn.torch.Scope}, so that the others are all that is kept between passes: float32
 * masters, perhaps in the memory of the host. Gradients flow through the conversion and arrive
 * there.
 */
public final class ComputeWeights implements Weights {
  private final Weights source;
  private final DataType type;
  private final NDManager machine;

  private ComputeWeights(Weights source, DataType type, NDManager machine) {
    this.source = source;
    this.type = type;
    this.machine = machine;
  }

  /**
   * {@code source} in a precision on a device. Of a checkpoint the converted weights are kept, and
   * are the same however often this is called.
   *
   * @param source float32 weights
   * @param machine its device computes; it owns what is not kept
   */
  public static Weights of(Weights source, Precision precision, NDManager machine) {
    DataType type = DType.of(precision).stored();
    return source instanceof StoredWeights stored
        ? stored.in(type, machine.getDevice())
        : new ComputeWeights(source, type, machine);
  }

  /**
   * The same for weights that do not fit on the device: nothing stays there, all are kept in the
   * memory of the host. If the CPU computes there is no difference.
   */
  public static Weights streamed(Weights source, Precision precision, NDManager machine) {
    DataType type = DType.of(precision).stored();
    return source instanceof StoredWeights stored
        ? new ComputeWeights(stored.in(type, Device.cpu()), type, machine)
        : new ComputeWeights(source, type, machine);
  }

  @Override
  public Set<String> names() {
    return source.names();
  }

  @Override
  public NDArray get(String name) {
    return Ops.to(source.get(name), machine, type);
  }

  /** The base is converted; layers take the factors in the type they compute in. */
  @Override
  public @Nullable LowRank lowRank(String name) {
    LowRank parts = source.lowRank(name);
    return parts == null
        ? null
        : new LowRank(
            Ops.to(parts.base(), machine, type),
            Ops.to(parts.down(), machine, Ops.typeOf(parts.down())),
            Ops.to(parts.up(), machine, Ops.typeOf(parts.up())),
            parts.scale());
  }

  @Override
  public void expect(Collection<String> names) {
    source.expect(names);
  }
}
