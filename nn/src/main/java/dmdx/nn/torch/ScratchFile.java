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
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;

/**
 * Memory in a file of its own: the operating system keeps in main memory what is in use and writes
 * the rest out. It starts as zeros.
 *
 * <p>The file has no name once it is open, so that nothing stays behind, even of a killed process;
 * its space is free again when this is closed.
 */
public final class ScratchFile implements Prefetch.Region, AutoCloseable {
  private static final int READ_AND_WRITE = 1 | 2;
  private static final int SHARED = 1;
  private static final int INTERRUPTED = 4;
  private static final int ZERO_RANGE = 0x10;

  private final int file;
  private final long bytes;
  private long address;

  private ScratchFile(int file, long address, long bytes) {
    this.file = file;
    this.address = address;
    this.bytes = bytes;
  }

  /**
   * Reserves space.
   *
   * @param folder where; made if it is not there
   * @param bytes at least 1
   * @throws CheckpointException if there is no room, the folder cannot be made or written, or its
   *     disk fails
   */
  public static ScratchFile create(Path folder, long bytes) {
    makeFolder(folder, bytes);
    byte[] name =
        (folder.resolve("dmdx-XXXXXX") + "\0")
            .getBytes(StandardCharsets.UTF_8); // the call fills in the Xs
    int file = LibC.mkstemp(name);
    if (file < 0) {
      throw failure(folder, bytes, "make a file", Native.getLastError());
    }
    boolean mapped = false;
    try {
      if (LibC.unlink(name) != 0) {
        int error = Native.getLastError();
        String path = new String(name, 0, name.length - 1, StandardCharsets.UTF_8);
        throw failure(folder, bytes, "take its name from '%s'".formatted(path), error);
      }
      int error;
      do {
        error = LibC.posix_fallocate(file, 0, bytes);
      } while (error == INTERRUPTED);
      if (error != 0) {
        throw failure(folder, bytes, "reserve space", error);
      }
      long address = LibC.mmap(0, bytes, READ_AND_WRITE, SHARED, file, 0);
      if (address == -1) {
        throw failure(folder, bytes, "map the file into memory", Native.getLastError());
      }
      mapped = true;
      return new ScratchFile(file, address, bytes);
    } finally {
      if (!mapped) {
        LibC.close(file);
      }
    }
  }

  private static void makeFolder(Path folder, long bytes) {
    try {
      Files.createDirectories(folder);
    } catch (AccessDeniedException e) {
      throw failure(folder, bytes, "make the folder", Cause.PERMISSION, e.toString());
    } catch (IOException e) {
      // what stands in the way may lie further up
      boolean taken =
          Stream.iterate(folder.toAbsolutePath(), Objects::nonNull, Path::getParent)
              .anyMatch(path -> Files.exists(path) && !Files.isDirectory(path));
      throw failure(
          folder, bytes, "make the folder", taken ? Cause.FOLDER : Cause.DISK, e.toString());
    }
  }

  /** What a user can do something about. */
  private enum Cause {
    ROOM("there is no room", "Free some, choose another folder, or keep the role in memory."),
    PERMISSION(
        "it may not be written", "Permit it, choose another folder, or keep the role in memory."),
    FOLDER("it is no folder", "Choose one, or keep the role in memory."),
    MEMORY(
        "the process may use no more address space or files",
        "Raise its limits, or keep the role in memory."),
    DISK(
        "its disk or file system fails",
        "Look after it, choose another folder, or keep the role in memory.");

    private final String finding;
    private final String remedy;

    Cause(String finding, String remedy) {
      this.finding = finding;
      this.remedy = remedy;
    }

    /** Numbers of errors on Linux. */
    static Cause of(int error) {
      return switch (error) {
        case 27, 28, 122 -> ROOM; // EFBIG, ENOSPC, EDQUOT
        case 1, 13, 30 -> PERMISSION; // EPERM, EACCES, EROFS
        case 2, 20, 36, 40 -> FOLDER; // ENOENT, ENOTDIR, ENAMETOOLONG, ELOOP
        case 11, 12, 23, 24 -> MEMORY; // EAGAIN, ENOMEM, ENFILE, EMFILE
        default -> DISK;
      };
    }
  }

  /**
   * @param step what was tried
   * @param error number that the system gave
   */
  static CheckpointException failure(Path folder, long bytes, String step, int error) {
    return failure(folder, bytes, step, Cause.of(error), LibC.strerror(error));
  }

  private static CheckpointException failure(
      Path folder, long bytes, String step, Cause cause, String reason) {
    return new CheckpointException(
        "%s: cannot hold %d bytes of training state: %s (failed to %s: %s). %s"
            .formatted(folder, bytes, cause.finding, step, reason, cause.remedy));
  }

  /**
   * The memory as float32 numbers. Tensors on it must not be used after this is closed.
   *
   * @param owner owns the tensor; its device is the CPU
   * @param size number of elements
   * @return {@code [size]}
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

  /**
   * Makes it zeros again, without writing them where the file system can do that.
   *
   * @return false if it cannot; nothing has happened then
   */
  public boolean clear() {
    return LibC.fallocate(file, ZERO_RANGE, 0, bytes) == 0;
  }

  /**
   * Begins to bring a tensor on this memory into main memory; returns at once. Others are left
   * alone.
   *
   * @param part float32, without gaps
   */
  public void prefetch(NDArray part, Prefetch.Use use) {
    long from = Dispatcher.address(part);
    if (from >= address && from < address + bytes) {
      Prefetch.begin(this, from, part.size() * Float.BYTES, use);
    }
  }

  @Override
  public boolean tellsResidence() {
    return true;
  }

  @Override
  public synchronized boolean ifMapped(BooleanSupplier action) {
    return address != 0 && action.getAsBoolean();
  }

  @Override
  public synchronized void close() {
    if (address != 0) {
      LibC.munmap(address, bytes);
      LibC.close(file);
      address = 0;
    }
  }

  /** Functions of the C library. */
  private static final class LibC {
    static native int mkstemp(byte[] template);

    static native int unlink(byte[] path);

    static native int posix_fallocate(int file, long offset, long length);

    static native int fallocate(int file, int mode, long offset, long length);

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
