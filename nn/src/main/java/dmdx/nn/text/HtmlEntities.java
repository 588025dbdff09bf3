package dmdx.nn.text;

import java.math.BigInteger;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jsoup.parser.Parser;

/**
 * HTML5 character references as text processing resolves them: names by jsoup, numbers by the
 * standard's table, but what the standard has no character for is dropped.
 */
final class HtmlEntities {
  private static final Pattern NUMERIC = Pattern.compile("&#(?:([0-9]+)|[xX]([0-9a-fA-F]+));?");
  private static final BigInteger BEYOND = BigInteger.valueOf(Character.MAX_CODE_POINT + 1L);
  private static final int REPLACEMENT = 0xFFFD;

  /** What 0x80 to 0x9F stand for: Windows-1252, whose holes stay as they are. */
  private static final String WINDOWS =
      "\u20ac\u0081\u201a\u0192\u201e\u2026\u2020\u2021\u02c6\u2030\u0160\u2039\u0152\u008d\u017d\u008f"
          + "\u0090\u2018\u2019\u201c\u201d\u2022\u2013\u2014\u02dc\u2122\u0161\u203a\u0153\u009d\u017e\u0178";

  private HtmlEntities() {}

  /** The text with every reference resolved once. */
  static String resolved(String text) {
    StringBuilder resolved = new StringBuilder();
    Matcher reference = NUMERIC.matcher(text);
    int from = 0;
    while (reference.find()) {
      resolved.append(Parser.unescapeEntities(text.substring(from, reference.start()), false));
      boolean decimal = reference.group(1) != null;
      BigInteger number = new BigInteger(reference.group(decimal ? 1 : 2), decimal ? 10 : 16);
      append(resolved, number.min(BEYOND).intValue());
      from = reference.end();
    }
    return resolved.append(Parser.unescapeEntities(text.substring(from), false)).toString();
  }

  private static void append(StringBuilder to, int c) {
    if (c == 0 || c > Character.MAX_CODE_POINT || (c >= 0xD800 && c <= 0xDFFF)) {
      to.appendCodePoint(REPLACEMENT);
    } else if (c >= 0x80 && c <= 0x9F) {
      to.append(WINDOWS.charAt(c - 0x80));
    } else if (!isInvalid(c)) {
      to.appendCodePoint(c);
    }
  }

  /** Control characters but white space, and the code points that never will be characters. */
  private static boolean isInvalid(int c) {
    boolean space = c == '\t' || c == '\n' || c == '\f' || c == '\r';
    return (c < ' ' && !space)
        || c == 0x7F
        || (c >= 0xFDD0 && c <= 0xFDEF)
        || (c & 0xFFFE) == 0xFFFE;
  }
}
