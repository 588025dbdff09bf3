package dmdx.nn.torch;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.engine.PtNDManager;
import com.sun.jna.Native;
import com.sun.jna.Pointer;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.jspecify.annotations.Nullable;

/** Tensors on memory that belongs to Java, so that conversion copies straight from or into it. */
public final class HostMemory {
  private static final int CPU = 0;

  private HostMemory() {}

  /**
   * A tensor whose elements are the bytes of {@code memory} from its position on, row by row.
   * Changing one changes the other. The memory stays as long as the tensor is open; whoever lets
   * others alias the tensor keeps the buffer reachable for them.
   *
   * @param host owns the tensor; its device is the CPU
   * @param memory a direct buffer in native byte order
   * @param type element type
   */
  public static NDArray alias(NDManager host, ByteBuffer memory, DataType type, Shape shape) {
    ByteBuffer elements = memory.slice().order(ByteOrder.nativeOrder());
    if (!elements.isDirect() || elements.remaining() < shape.size() * type.getNumOfBytes()) {
      throw new IllegalArgumentException(
          "%s elements of type %s do not fit into %s".formatted(shape, type, elements));
    }
    if (type != DataType.BFLOAT16) {
      return host.create(elements, shape, type);
    }
    return alias(
        (PtNDManager) host,
        Pointer.nativeValue(Native.getDirectBufferPointer(elements)),
        TorchLibrary.aoti_torch_dtype_bfloat16(),
        shape,
        elements);
  }

  /** A tensor at an address, which has to stay valid as long as it is used. */
  static NDArray alias(NDManager host, long address, DataType type, Shape shape) {
    int code = Math.toIntExact(Dispatcher.scalarType(type));
    return alias((PtNDManager) host, address, code, shape, null);
  }

  private static NDArray alias(
      PtNDManager host, long address, int type, Shape shape, @Nullable ByteBuffer memory) {
    long[] sizes = shape.getShape();
    long[] strides = new long[sizes.length];
    long stride = 1;
    for (int axis = sizes.length - 1; axis >= 0; axis--) {
      strides[axis] = stride;
      stride *= sizes[axis];
    }
    long[] handle = new long[1];
    int failed =
        TorchLibrary.aoti_torch_create_tensor_from_blob(
            address, sizes.length, sizes, strides, 0, type, CPU, 0, handle);
    if (failed != 0) {
      throw new TorchException("no tensor " + shape + " on host memory");
    }
    return memory == null ? new PtNDArray(host, handle[0]) : new PtNDArray(host, handle[0], memory);
  }
}
