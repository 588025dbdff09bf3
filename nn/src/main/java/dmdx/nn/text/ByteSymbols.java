package dmdx.nn.text;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/**
 * The printable characters that stand for the 256 bytes in a CLIP vocabulary: bytes 33-126, 161-172
 * and 174-255 for themselves, the others in ascending order for code points from 256.
 */
final class ByteSymbols {
  /** Marks the last symbol of a word. */
  static final String END_OF_WORD = "</w>";

  private static final char[] OF_BYTE = new char[256];
  private static final List<String> IN_ORDER;

  static {
    List<String> direct = new ArrayList<>();
    List<String> others = new ArrayList<>();
    for (int b = 0; b < 256; b++) {
      boolean printable = (b >= 33 && b <= 126) || (b >= 161 && b <= 172) || b >= 174;
      OF_BYTE[b] = (char) (printable ? b : 256 + others.size());
      (printable ? direct : others).add(String.valueOf(OF_BYTE[b]));
    }
    direct.addAll(others);
    IN_ORDER = Collections.unmodifiableList(direct);
  }

  private ByteSymbols() {}

  /** All 256 symbols in vocabulary order. */
  static List<String> inOrder() {
    return IN_ORDER;
  }

  /** The symbols of a word's UTF-8 bytes, the last one marked. */
  static List<String> of(String word) {
    byte[] bytes = word.getBytes(StandardCharsets.UTF_8);
    List<String> symbols = new ArrayList<>(bytes.length);
    for (byte b : bytes) {
      symbols.add(String.valueOf(OF_BYTE[b & 0xFF]));
    }
    if (!symbols.isEmpty()) {
      symbols.set(symbols.size() - 1, symbols.get(symbols.size() - 1) + END_OF_WORD);
    }
    return symbols;
  }
}
