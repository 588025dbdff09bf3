package dmdx.nn.torch;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.engine.PtNDManager;
import com.sun.jna.Native;
import com.sun.jna.Pointer;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.StringJoiner;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * Calls a libtorch operator by name. Arguments are tensors, longs, doubles and booleans; an
 * optional argument is {@link Optional} or {@code null}. Autograd records the call.
 */
final class Dispatcher {
  private static final int SLOTS = 32;
  private static final Map<String, Long> NAMES = new ConcurrentHashMap<>();

  /** Off-heap argument stack; the last slot is scratch. One per thread, never freed. */
  private static final ThreadLocal<Pointer> STACK =
      ThreadLocal.withInitial(() -> new Pointer(Native.malloc(SLOTS * 8L)));

  private Dispatcher() {}

  /** A present optional argument. */
  record Optional(Object value) {}

  static Optional some(Object value) {
    return new Optional(value);
  }

  static @Nullable Optional optional(@Nullable Object value) {
    return value == null ? null : new Optional(value);
  }

  /** Calls an operator with one tensor result, which {@code owner} will own. */
  static NDArray call(NDManager owner, String op, String overload, @Nullable Object... arguments) {
    return new PtNDArray((PtNDManager) owner, invoke(op, overload, arguments));
  }

  /** A second handle of a tensor. */
  static NDArray handle(NDManager owner, NDArray tensor) {
    return new PtNDArray((PtNDManager) owner, newHandle(tensor, STACK.get()));
  }

  /** Calls an operator with one truth value as result. */
  static boolean test(String op, String overload, @Nullable Object... arguments) {
    return (invoke(op, overload, arguments) & 1) != 0;
  }

  /** Calls an operator that changes its first argument. */
  static void callInPlace(String op, String overload, @Nullable Object... arguments) {
    long self = invoke(op, overload, arguments);
    TorchLibrary.aoti_torch_delete_tensor_object(self);
  }

  /** What libtorch calls a floating-point type. */
  static Long scalarType(DataType type) {
    return switch (type) {
      case FLOAT16 -> (long) TorchLibrary.aoti_torch_dtype_float16();
      case BFLOAT16 -> (long) TorchLibrary.aoti_torch_dtype_bfloat16();
      case FLOAT32 -> (long) TorchLibrary.aoti_torch_dtype_float32();
      case FLOAT64 -> (long) TorchLibrary.aoti_torch_dtype_float64();
      case INT64 -> (long) TorchLibrary.aoti_torch_dtype_int64();
      default -> throw new IllegalArgumentException("no tensors are made in type " + type);
    };
  }

  static boolean isBfloat16(NDArray x) {
    int[] type = new int[1];
    long handle = ((PtNDArray) x).getHandle();
    if (TorchLibrary.aoti_torch_get_dtype(handle, type) != 0) {
      throw new TorchException("the type of a tensor " + x.getShape() + " cannot be told");
    }
    return type[0] == TorchLibrary.aoti_torch_dtype_bfloat16();
  }

  /** Where the first element lies. */
  static long address(NDArray x) {
    long[] address = new long[1];
    if (TorchLibrary.aoti_torch_get_data_ptr(((PtNDArray) x).getHandle(), address) != 0) {
      throw new TorchException("no address of " + describe(x));
    }
    return address[0];
  }

  private static long invoke(String op, String overload, @Nullable Object... arguments) {
    Pointer stack = STACK.get();
    for (int i = 0; i < arguments.length; i++) {
      stack.setLong(8L * i, encode(arguments[i], stack));
    }
    long base = Pointer.nativeValue(stack);
    if (TorchLibrary.aoti_torch_call_dispatcher(name(op), name(overload), base) != 0) {
      throw failure(op, overload, arguments);
    }
    return stack.getLong(0);
  }

  private static long encode(@Nullable Object argument, Pointer stack) {
    if (argument == null) {
      return 0;
    }
    if (argument instanceof NDArray tensor) {
      return newHandle(tensor, stack);
    }
    if (argument instanceof Long number) {
      return number;
    }
    if (argument instanceof Double number) {
      return Double.doubleToRawLongBits(number);
    }
    if (argument instanceof Boolean flag) {
      return flag ? 1 : 0;
    }
    if (argument instanceof Optional optional) {
      long value = encode(optional.value(), stack);
      long cell = Native.malloc(8); // freed by the callee
      new Pointer(cell).setLong(0, value);
      return cell;
    }
    throw new IllegalArgumentException("no such operator argument: " + argument.getClass());
  }

  private static long newHandle(NDArray tensor, Pointer stack) {
    long scratch = Pointer.nativeValue(stack) + (SLOTS - 1) * 8L;
    long handle = ((PtNDArray) tensor).getHandle();
    if (TorchLibrary.aoti_torch_new_tensor_handle(handle, scratch) != 0) {
      throw new TorchException("no new handle for " + describe(tensor));
    }
    return stack.getLong((SLOTS - 1) * 8L);
  }

  private static long name(String text) {
    return NAMES.computeIfAbsent(
        text,
        t -> {
          byte[] bytes = t.getBytes(StandardCharsets.UTF_8);
          Pointer copy = new Pointer(Native.malloc(bytes.length + 1L));
          copy.write(0, bytes, 0, bytes.length);
          copy.setByte(bytes.length, (byte) 0);
          return Pointer.nativeValue(copy);
        });
  }

  private static TorchException failure(String op, String overload, @Nullable Object... arguments) {
    StringJoiner operands = new StringJoiner(", ", "(", ")");
    for (Object argument : arguments) {
      Object shown = argument instanceof Optional o ? o.value() : argument;
      operands.add(shown instanceof NDArray x ? describe(x) : String.valueOf(shown));
    }
    String operator = overload.isEmpty() ? op : op + "." + overload;
    return new TorchException(
        operator + operands + " failed: " + LastError.of(() -> replay(op, overload, arguments)));
  }

  private static void replay(String op, String overload, @Nullable Object... arguments) {
    Pointer stack = STACK.get();
    for (int i = 0; i < arguments.length; i++) {
      stack.setLong(8L * i, encode(arguments[i], stack));
    }
    int unused =
        TorchLibrary.aoti_torch_call_dispatcher(
            name(op), name(overload), Pointer.nativeValue(stack));
  }

  static String describe(NDArray tensor) {
    return Ops.typeOf(tensor) + tensor.getShape().toString();
  }
}
