package dmdx.nn.torch;

import com.sun.jna.Native;
import com.sun.jna.NativeLibrary;

/** The memory that the C library gives to libtorch on the CPU. */
public final class Malloc {
  private Malloc() {}

  /**
   * Gives freed memory, which the C library keeps for later, back to the operating system, so that
   * from then on the process occupies no more than what is in use; nothing where the C library has
   * no {@code malloc_trim}.
   */
  public static void releaseFreed() {
    try {
      int unused = LibC.malloc_trim(0);
    } catch (UnsatisfiedLinkError | NoClassDefFoundError e) { // the second from the second call on
      return;
    }
  }

  private static final class LibC {
    static native int malloc_trim(long kept);

    static {
      Native.register(LibC.class, NativeLibrary.getInstance("c"));
    }

    private LibC() {}
  }
}
