package dmdx.nn.torch;

import ai.djl.engine.Engine;
import ai.djl.pytorch.jni.LibUtils;
import com.sun.jna.Native;
import com.sun.jna.NativeLibrary;

/** Functions of libtorch's C interface, bound by JNA direct mapping. Pointers are plain longs. */
final class TorchLibrary {
  private TorchLibrary() {}

  static native int aoti_torch_call_dispatcher(long op, long overload, long stack);

  static native int aoti_torch_new_tensor_handle(long tensor, long result);

  static native int aoti_torch_delete_tensor_object(long tensor);

  static native int aoti_torch_get_data_ptr(long tensor, long[] result);

  static native int aoti_torch_get_dtype(long tensor, int[] result);

  static native int aoti_torch_create_tensor_from_blob(
      long data,
      long dimensions,
      long[] sizes,
      long[] strides,
      long offset,
      int dtype,
      int deviceType,
      int deviceIndex,
      long[] result);

  static native int aoti_torch_dtype_float32();

  static native int aoti_torch_dtype_float16();

  static native int aoti_torch_dtype_float64();

  static native int aoti_torch_dtype_bfloat16();

  static native int aoti_torch_dtype_int64();

  static {
    Engine.getInstance();
    NativeLibrary library =
        NativeLibrary.getInstance(LibUtils.getLibtorchPath() + "/libtorch_cpu.so");
    Native.register(TorchLibrary.class, library);
  }
}
