package dmdx.runner.ui;

import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The part of a file that a request asks for (RFC 9110, section 14).
 *
 * @param from first byte
 * @param length bytes; 0 if the file has none of what was asked for
 */
record ByteRange(long from, long length) {
  private static final Pattern ONE = Pattern.compile("(?i)bytes=\\s*(\\d{0,18})-(\\d{0,18})\\s*");

  /**
   * @param header {@code bytes=a-b}, {@code bytes=a-} or {@code bytes=-n}, the last n
   * @param size of the file
   * @return {@code null} if the whole file is to be sent: no range is asked for, several are, or
   *     this is none
   */
  static @Nullable ByteRange of(@Nullable String header, long size) {
    Matcher one = ONE.matcher(header == null ? "" : header);
    if (!one.matches() || (one.group(1).isEmpty() && one.group(2).isEmpty())) {
      return null;
    }
    if (one.group(1).isEmpty()) {
      long length = Math.min(size, Long.parseLong(one.group(2)));
      return new ByteRange(size - length, length);
    }
    long from = Long.parseLong(one.group(1));
    long last = one.group(2).isEmpty() ? Long.MAX_VALUE : Long.parseLong(one.group(2));
    if (last < from) {
      return null;
    }
    return new ByteRange(from, from < size ? Math.min(last, size - 1) - from + 1 : 0);
  }
}
