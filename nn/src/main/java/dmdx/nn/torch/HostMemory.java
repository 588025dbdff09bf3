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

/** Tensors on memory that belongs to Java, so that conversion copies straight from or into it. */
public final class HostMemory {
  private static final int CPU = 0;

  private HostMemory() {}

  /**
   * A flat tensor whose elements are the bytes of {@code memory} from its position on. Changing one
   * changes the other.
   *
   * @param host owns the tensor; its device is the CPU
   * @param memory a direct buffer in native byte order
   * @param type element type; BFLOAT16 tensors only serve {@link Ops#copy}, as DJL cannot ask them
   *     for their type
   * @param size number of elements
   */
  public static NDArray alias(NDManager host, ByteBuffer memory, DataType type, long size) {
    ByteBuffer elements = memory.slice();
    if (!elements.isDirect() || elements.remaining() < size * type.getNumOfBytes()) {
      throw new IllegalArgumentException(
          "%d elements of type %s do not fit into %s".formatted(size, type, elements));
    }
    if (type != DataType.BFLOAT16) {
      return host.create(elements, new Shape(size), type);
    }
    long[] handle = new long[1];
    int failed =
        TorchLibrary.aoti_torch_create_tensor_from_blob(
            Pointer.nativeValue(Native.getDirectBufferPointer(elements)),
            1,
            new long[] {size},
            new long[] {1},
            0,
            TorchLibrary.aoti_torch_dtype_bfloat16(),
            CPU,
            0,
            handle);
    if (failed != 0) {
      throw new TorchException("no tensor on host memory of " + size + " elements of type " + type);
    }
    return new PtNDArray((PtNDManager) host, handle[0], elements);
  }
}
