package dmdx.nn.torch;

import ai.djl.Device;
import ai.djl.engine.Engine;
import ai.djl.pytorch.jni.JniUtils;
import ai.djl.pytorch.jni.LibUtils;
import com.sun.jna.Native;
import com.sun.jna.NativeLibrary;
import java.nio.file.Path;
import java.util.Optional;

/**
 * The memory of a GPU, of all processes that use it. The CUDA runtime that libtorch computes with
 * tells, so that nothing else need be installed.
 *
 * @param free bytes that could be allocated
 * @param total bytes there are
 */
public record GpuMemory(long free, long total) {
  private static final int SUCCESS = 0;

  /** Empty if libtorch was not built for CUDA, or if there is no such GPU. */
  public static Optional<GpuMemory> of(Device gpu) {
    try {
      return Cuda.memory(gpu.getDeviceId());
    } catch (UnsatisfiedLinkError | NoClassDefFoundError e) { // the second from the second call on
      return Optional.empty();
    }
  }

  /** Bytes in use. */
  public long used() {
    return total - free;
  }

  /**
   * Gives back what libtorch keeps of the freed, so that from then on {@link #used} shows the most
   * it has needed at once.
   */
  public static void releaseFreed() {
    JniUtils.emptyCudaCache();
  }

  /** Functions of the CUDA runtime; {@code libtorch_cuda.so} brings it along. */
  private static final class Cuda {
    static native int cudaGetDevice(int[] device);

    static native int cudaSetDevice(int device);

    static native int cudaMemGetInfo(long[] free, long[] total);

    static {
      Engine.getInstance();
      Path library = Path.of(LibUtils.getLibtorchPath(), "libtorch_cuda.so");
      Native.register(Cuda.class, NativeLibrary.getInstance(library.toString()));
    }

    private Cuda() {}

    /** A thread has a current device, which stays what it was. */
    static Optional<GpuMemory> memory(int device) {
      int[] current = new int[1];
      if (cudaGetDevice(current) != SUCCESS || cudaSetDevice(device) != SUCCESS) {
        return Optional.empty();
      }
      long[] free = new long[1];
      long[] total = new long[1];
      boolean told = cudaMemGetInfo(free, total) == SUCCESS;
      int unused = cudaSetDevice(current[0]);
      return told ? Optional.of(new GpuMemory(free[0], total[0])) : Optional.empty();
    }
  }
}
