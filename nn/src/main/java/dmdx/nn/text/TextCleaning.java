package dmdx.nn.text;

import java.text.Normalizer;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** What happens to a prompt before its words are encoded. */
public enum TextCleaning {
  /**
   * As in diffusion pipelines: control and format characters are dropped, CJK ideographs become
   * words of their own, the text is composed (NFC) and lower-cased. HTML entities stay.
   */
  TRANSFORMERS {
    @Override
    String clean(String text) {
      StringBuilder kept = new StringBuilder(text.length());
      text.codePoints().forEach(c -> append(kept, c));
      return lowerCase(Normalizer.normalize(kept, Normalizer.Form.NFC));
    }
  },
  /** As in OpenAI's own code: HTML entities are resolved twice, the text is lower-cased. */
  OPENAI {
    @Override
    String clean(String text) {
      return lowerCase(HtmlEntities.resolved(HtmlEntities.resolved(text)));
    }
  };

  private static final Pattern WORD =
      Pattern.compile(
          "<\\|startoftext\\|>|<\\|endoftext\\|>|'s|'t|'re|'ve|'m|'ll|'d"
              + "|\\p{L}+|\\p{N}|[^\\s\\p{L}\\p{N}]+",
          Pattern.UNICODE_CHARACTER_CLASS | Pattern.CASE_INSENSITIVE);

  private static final int SIGMA = 'Σ';

  /** Quotes, dots and colons that words may contain (Word_Break MidLetter, MidNumLet). */
  private static final String INSIDE_WORDS =
      "'.:\u00b7\u0387\u055f\u05f4\u2018\u2019\u2024\u2027\ufe13\ufe52\ufe55\uff07\uff0e\uff1a";

  /** The cleaned text, in lower case. */
  abstract String clean(String text);

  /** The words of a prompt: runs of letters, single digits, runs of other characters. */
  List<String> words(String text) {
    List<String> words = new ArrayList<>();
    Matcher matcher = WORD.matcher(clean(text));
    while (matcher.find()) {
      words.add(matcher.group());
    }
    return words;
  }

  /**
   * In lower case, with Unicode's condition Final_Sigma: a capital sigma that ends a word becomes
   * the final one. Java takes the word from its break iterator, which joins letters and digits.
   */
  private static String lowerCase(String text) {
    int[] points = text.codePoints().toArray();
    for (int i = 0; i < points.length; i++) {
      if (points[i] == SIGMA) {
        points[i] = isCasedNext(points, i, -1) && !isCasedNext(points, i, 1) ? 'ς' : 'σ';
      }
    }
    return new String(points, 0, points.length).toLowerCase(Locale.ROOT);
  }

  /** Whether the nearest in a direction is cased, case-ignorable ones passed over. */
  private static boolean isCasedNext(int[] points, int from, int step) {
    int i = from + step;
    while (i >= 0 && i < points.length && isCaseIgnorable(points[i])) {
      i += step;
    }
    return i >= 0
        && i < points.length
        && (Character.isLowerCase(points[i])
            || Character.isUpperCase(points[i])
            || Character.isTitleCase(points[i]));
  }

  private static boolean isCaseIgnorable(int c) {
    return switch (Character.getType(c)) {
      case Character.NON_SPACING_MARK,
          Character.ENCLOSING_MARK,
          Character.FORMAT,
          Character.MODIFIER_LETTER,
          Character.MODIFIER_SYMBOL ->
          true;
      default -> INSIDE_WORDS.indexOf(c) >= 0;
    };
  }

  private static void append(StringBuilder to, int c) {
    if (c == '\t' || c == '\n' || c == '\r' || Character.getType(c) == Character.SPACE_SEPARATOR) {
      to.append(' ');
    } else if (isIdeograph(c)) {
      to.append(' ').appendCodePoint(c).append(' ');
    } else if (!isDropped(c)) {
      to.appendCodePoint(c);
    }
  }

  /** Unassigned code points are kept: they may be characters newer than the running Java. */
  private static boolean isDropped(int c) {
    return switch (Character.getType(c)) {
      case Character.CONTROL, Character.FORMAT, Character.PRIVATE_USE, Character.SURROGATE -> true;
      case Character.UNASSIGNED -> (c & 0xFFFE) == 0xFFFE || (c >= 0xFDD0 && c <= 0xFDEF);
      default -> c == 0xFFFD;
    };
  }

  private static boolean isIdeograph(int c) {
    return (c >= 0x4E00 && c <= 0x9FFF)
        || (c >= 0x3400 && c <= 0x4DBF)
        || (c >= 0x20000 && c <= 0x2A6DF)
        || (c >= 0x2A700 && c <= 0x2CEAF)
        || (c >= 0xF900 && c <= 0xFAFF)
        || (c >= 0x2F800 && c <= 0x2FA1F);
  }
}
