package dmdx.nn.torch;

import com.sun.jna.Native;
import com.sun.jna.NativeLibrary;
import com.sun.jna.Platform;
import com.sun.jna.Pointer;
import java.lang.ref.Reference;
import java.nio.ByteBuffer;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;

/**
 * Brings parts of memory-mapped files into main memory before they are used: a thread of its own
 * waits for the disk, and lets the operating system set up many pages at a time, while others
 * compute.
 *
 * <p>It changes when things happen, never what is computed. The system property {@code
 * dmdx.prefetch=off} leaves all of it to the operating system.
 */
public final class Prefetch {
  private static final boolean ON =
      Platform.isLinux() && !System.getProperty("dmdx.prefetch", "").equals("off");

  private static final int PIECE = 4 << 20;
  private static final int WILL_NEED = 3;
  private static final int WAITING = 1 << 14;

  private static final ThreadPoolExecutor WORKER =
      new ThreadPoolExecutor(
          1,
          1,
          10,
          TimeUnit.SECONDS,
          new ArrayBlockingQueue<>(WAITING),
          task -> {
            Thread thread = new Thread(task, "dmdx-prefetch");
            thread.setDaemon(true);
            return thread;
          },
          new ThreadPoolExecutor.DiscardOldestPolicy()); // what was due first is already in use

  static {
    WORKER.allowCoreThreadTimeOut(true);
  }

  private Prefetch() {}

  /** What memory is brought for. */
  public enum Use {
    READ(22),
    /** Read and written: the pages are made ready for that, too. */
    CHANGE(23);

    /** The number that {@code madvise} knows it by, from Linux 5.14 on. */
    private final int advice;

    Use(int advice) {
      this.advice = advice;
    }
  }

  /** A range of memory on a mapped file. */
  interface Region {

    /** Whether the system tells this process what of the file is in main memory. */
    boolean tellsResidence();

    /**
     * Does something to a part of it, unless it is no longer mapped.
     *
     * @return whether it was mapped and {@code action} returned true
     */
    boolean ifMapped(BooleanSupplier action);
  }

  /**
   * Begins to read mapped memory; returns at once.
   *
   * @param memory a direct buffer
   * @param own whether this process may write the file, which is when the system tells what of it
   *     is in main memory already
   */
  public static void begin(ByteBuffer memory, boolean own) {
    long address = Pointer.nativeValue(Native.getDirectBufferPointer(memory));
    begin(new Lent(memory, own), address, memory.capacity(), Use.READ);
  }

  /** Memory that stays mapped as long as something refers to it. */
  private record Lent(ByteBuffer memory, boolean tellsResidence) implements Region {
    @Override
    public boolean ifMapped(BooleanSupplier action) {
      try {
        return action.getAsBoolean();
      } finally {
        Reference.reachabilityFence(memory);
      }
    }
  }

  /**
   * Begins to bring a part of a region; returns at once.
   *
   * @param address of the first byte
   */
  static void begin(Region region, long address, long bytes, Use use) {
    if (ON) {
      WORKER.execute(() -> bring(region, address, bytes, use));
    }
  }

  private static void bring(Region region, long address, long bytes, Use use) {
    long end = address + bytes;
    for (long from = address - address % LibC.PAGE; from < end; from += PIECE) {
      long at = from;
      long length = Math.min(PIECE, end - at);
      if (!region.ifMapped(() -> bring(at, length, use, region.tellsResidence()))) {
        return;
      }
    }
  }

  /** To look is quicker than to set up again what is there. */
  private static boolean bring(long address, long bytes, Use use, boolean look) {
    return (look && use == Use.READ && isResident(address, bytes))
        || LibC.madvise(address, bytes, use.advice) == 0
        || LibC.madvise(address, bytes, WILL_NEED) == 0; // for older systems; page by page
  }

  /**
   * Whether the operating system has all of it in main memory.
   *
   * @param address of a page
   */
  static boolean isResident(long address, long bytes) {
    byte[] pages = new byte[Math.toIntExact((bytes + LibC.PAGE - 1) / LibC.PAGE)];
    if (LibC.mincore(address, bytes, pages) != 0) {
      return false;
    }
    for (byte page : pages) {
      if ((page & 1) == 0) {
        return false;
      }
    }
    return true;
  }

  /** Functions of the C library. */
  private static final class LibC {
    static final long PAGE;

    static native int getpagesize();

    static native int madvise(long address, long bytes, int advice);

    static native int mincore(long address, long bytes, byte[] pages);

    static {
      Native.register(LibC.class, NativeLibrary.getInstance("c"));
      PAGE = getpagesize();
    }

    private LibC() {}
  }
}
