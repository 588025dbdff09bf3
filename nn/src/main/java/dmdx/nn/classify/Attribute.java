package dmdx.nn.classify;

import java.util.List;
import java.util.Locale;

/**
 * Something a picture shows exactly one of: a garment, a colour.
 *
 * @param name the attribute's name
 * @param labels the names of its values, lower case, in the order of the classifier's scores
 */
public record Attribute(String name, List<String> labels) {
  public Attribute {
    labels = List.copyOf(labels);
    if (labels.size() < 2 || labels.stream().distinct().count() != labels.size()) {
      throw new IllegalArgumentException(
          "attribute '%s': labels %s; expected at least two different ones"
              .formatted(name, labels));
    }
    for (String label : labels) {
      if (label.isBlank() || !label.equals(label.toLowerCase(Locale.ROOT))) {
        throw new IllegalArgumentException(
            "attribute '%s': label '%s' is blank or not lower case".formatted(name, label));
      }
    }
  }

  /**
   * The label a prompt names: the longest that occurs as whole words, the first of these if several
   * are equally long. A hyphen joins words, so {@code t-shirt} does not name {@code shirt}.
   *
   * @return index of the label, -1 if the prompt names none
   */
  public int namedIn(String prompt) {
    String text = prompt.toLowerCase(Locale.ROOT);
    int best = -1;
    int bestLength = 0;
    int bestPosition = 0;
    for (int i = 0; i < labels.size(); i++) {
      String label = labels.get(i);
      int position = find(text, label);
      boolean better =
          label.length() > bestLength || (label.length() == bestLength && position < bestPosition);
      if (position >= 0 && better) {
        best = i;
        bestLength = label.length();
        bestPosition = position;
      }
    }
    return best;
  }

  private static int find(String text, String label) {
    for (int at = text.indexOf(label); at >= 0; at = text.indexOf(label, at + 1)) {
      int end = at + label.length();
      boolean starts = at == 0 || !joins(text.charAt(at - 1));
      if (starts && (end == text.length() || !joins(text.charAt(end)))) {
        return at;
      }
    }
    return -1;
  }

  private static boolean joins(char c) {
    return Character.isLetterOrDigit(c) || c == '-';
  }
}
