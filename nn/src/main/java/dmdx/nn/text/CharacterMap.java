package dmdx.nn.text;

import dmdx.api.CheckpointException;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * Replacements of characters as SentencePiece compiles them: an int32 n, n bytes of a double-array
 * trie over UTF-8, then the replacements, each with a zero behind it. Little-endian.
 *
 * <p>A unit of the trie: bits 0-7 and 31 are the label, bit 8 says that a value hangs below, bits
 * 10-30 are the offset, shifted by 8 more if bit 9 is set. A value is the place of its replacement.
 */
final class CharacterMap {
  private final int[] units;
  private final byte[] replacements;

  /**
   * @param compiled may be empty: nothing is replaced
   * @throws CheckpointException if it is damaged
   */
  CharacterMap(byte[] compiled) {
    if (compiled.length == 0) {
      units = new int[0];
      replacements = compiled;
      return;
    }
    ByteBuffer in = ByteBuffer.wrap(compiled).order(ByteOrder.LITTLE_ENDIAN);
    int size = compiled.length < 4 ? -1 : in.getInt();
    if (size < 4 || size % 4 != 0 || size > in.remaining()) {
      throw new CheckpointException(
          "the character map of a SentencePiece model announces %d of %d bytes. Fetch the model again."
              .formatted(size, compiled.length));
    }
    units = new int[size / 4];
    in.asIntBuffer().get(units);
    replacements = Arrays.copyOfRange(compiled, 4 + size, compiled.length);
  }

  /** The text with, at each place, the longest known sequence replaced. */
  String apply(String text) {
    byte[] in = text.getBytes(StandardCharsets.UTF_8);
    ByteArrayOutputStream out = new ByteArrayOutputStream(in.length);
    int at = 0;
    while (at < in.length) {
      Match match = longest(in, at);
      if (match == null) {
        int length = characterLength(in[at]);
        out.write(in, at, length);
        at += length;
      } else {
        int end = match.replacement();
        while (end < replacements.length && replacements[end] != 0) {
          end++;
        }
        out.write(replacements, match.replacement(), end - match.replacement());
        at += match.length();
      }
    }
    return out.toString(StandardCharsets.UTF_8);
  }

  private record Match(int length, int replacement) {}

  private @org.jspecify.annotations.Nullable Match longest(byte[] in, int from) {
    if (units.length == 0) {
      return null;
    }
    Match longest = null;
    int place = offset(units[0]);
    for (int i = from; i < in.length; i++) {
      int label = in[i] & 0xff;
      place ^= label;
      if (place >= units.length || (units[place] & 0x800000ff) != label) {
        return longest;
      }
      boolean hasValue = (units[place] & (1 << 8)) != 0;
      place ^= offset(units[place]);
      if (hasValue && place < units.length) {
        longest = new Match(i + 1 - from, units[place] & 0x7fffffff);
      }
    }
    return longest;
  }

  private static int offset(int unit) {
    return (unit >>> 10) << ((unit & (1 << 9)) >>> 6);
  }

  private static int characterLength(byte first) {
    int value = first & 0xff;
    return value < 0x80 ? 1 : value < 0xe0 ? 2 : value < 0xf0 ? 3 : 4;
  }
}
