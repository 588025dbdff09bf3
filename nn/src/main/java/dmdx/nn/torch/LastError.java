package dmdx.nn.torch;

import com.sun.jna.Native;
import com.sun.jna.NativeLibrary;
import java.nio.charset.StandardCharsets;

/**
 * libtorch's own words for a failure. Its C interface prints them on file descriptor 2 and returns
 * only a code, so the failing call is made once more with the descriptor on a memory file.
 */
final class LastError {
  private static final int CAPACITY = 16_384;
  private static final String MARK = "Exception in aoti_torch: ";

  private LastError() {}

  static native int dup(int descriptor);

  static native int dup2(int from, int to);

  static native int close(int descriptor);

  static native int memfd_create(String name, int flags);

  static native long pread(int descriptor, byte[] buffer, long count, long offset);

  static {
    Native.register(LastError.class, NativeLibrary.getInstance("c"));
  }

  static synchronized String of(Runnable failing) {
    int saved = dup(2);
    int memory = memfd_create("dmdx-error", 0);
    if (saved < 0 || memory < 0) {
      return "(libtorch's message is on standard error)";
    }
    try {
      dup2(memory, 2);
      failing.run();
    } finally {
      dup2(saved, 2);
      close(saved);
    }
    byte[] bytes = new byte[CAPACITY];
    long length = pread(memory, bytes, CAPACITY, 0);
    close(memory);
    return length <= 0
        ? "(no message)"
        : shorten(new String(bytes, 0, (int) length, StandardCharsets.UTF_8));
  }

  private static String shorten(String text) {
    int start = text.indexOf(MARK);
    int from = start < 0 ? 0 : start + MARK.length();
    int end = text.indexOf("\nException raised from", from);
    return text.substring(from, end < 0 ? text.length() : end).strip();
  }
}
