package dmdx.nn.torch;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import com.sun.jna.Native;
import com.sun.jna.NativeLibrary;
import dmdx.api.CheckpointException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Memory in a file of its own: the operating system keeps in main memory what is in use and writes
 * the rest out. It starts as zeros.
 *
 * <p>The file has no name once it is open, so that nothing stays behind, even of a killed process;
 * its space is free again when this is closed.
 */
public final class ScratchFile implements AutoCloseable {
  private static final int READ_AND_WRITE = 1 | 2;
  private static final int SHARED = 1;

  private final long bytes;
  private long address;

  private ScratchFile(long address, long bytes) {
    this.address = address;
    this.bytes = bytes;
  }

  /**
   * Reserves space.
   *
   * @param folder where; made if it is not there
   * @param bytes at least 1
   * @throws CheckpointException if there is no room or the folder cannot be written
   */
  public static ScratchFile create(Path folder, long bytes) {
    try {
      Files.createDirectories(folder);
    } catch (IOException e) {
      throw failure(folder, bytes, e.toString());
    }
    byte[] name =
        (folder.resolve("dmdx-XXXXXX") + "\0")
            .getBytes(StandardCharsets.UTF_8); // the call fills in the Xs
    int file = LibC.mkstemp(name);
    if (file < 0) {
      throw failure(folder, bytes, LibC.strerror(Native.getLastError()));
    }
    try {
      LibC.unlink(name);
      int error = LibC.posix_fallocate(file, 0, bytes);
      if (error != 0) {
        throw failure(folder, bytes, LibC.strerror(error));
      }
      long address = LibC.mmap(0, bytes, READ_AND_WRITE, SHARED, file, 0);
      if (address == -1) {
        throw failure(folder, bytes, LibC.strerror(Native.getLastError()));
      }
      return new ScratchFile(address, bytes);
    } finally {
      LibC.close(file);
    }
  }

  private static CheckpointException failure(Path folder, long bytes, String reason) {
    return new CheckpointException(
        "%s: no room for %d MiB of training state (%s). Free some, choose another folder, or keep the role in memory."
            .formatted(folder, (bytes >> 20) + 1, reason));
  }

  /**
   * The memory as float32 numbers. Tensors on it must not be used after this is closed.
   *
   * @param owner owns the tensor; its device is the CPU
   * @param size number of elements
   */
  public NDArray tensor(NDManager owner, long size) {
    if (size < 0 || size * Float.BYTES > bytes || address == 0) {
      throw new IllegalArgumentException(
          "%d numbers do not fit into %d bytes".formatted(size, address == 0 ? 0 : bytes));
    }
    if (!owner.getDevice().equals(Device.cpu())) {
      throw new IllegalArgumentException(
          "scratch memory is the CPU's, not that of " + owner.getDevice());
    }
    return HostMemory.alias(owner, address, DataType.FLOAT32, new Shape(size));
  }

  @Override
  public void close() {
    if (address != 0) {
      LibC.munmap(address, bytes);
      address = 0;
    }
  }

  /** Functions of the C library. */
  private static final class LibC {
    static native int mkstemp(byte[] template);

    static native int unlink(byte[] path);

    static native int posix_fallocate(int file, long offset, long length);

    static native long mmap(
        long address, long length, int protection, int flags, int file, long offset);

    static native int munmap(long address, long length);

    static native int close(int file);

    static native String strerror(int error);

    static {
      Native.register(LibC.class, NativeLibrary.getInstance("c"));
    }

    private LibC() {}
  }
}
