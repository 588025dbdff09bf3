package dmdx.api.settings;

import java.util.Collection;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** Look-ups by name, and what to say when one fails. */
public final class Names {
  private static final int LISTED = 8;

  private Names() {}

  /**
   * The candidate nearest to {@code name}, or null if none is near.
   *
   * <p>Upper and lower case count as equal; a changed, missing, added or swapped letter counts one,
   * and one such slip is allowed per three letters. Of two names with equally many parts between
   * dots every part has to be near the other's.
   */
  public static @Nullable String nearest(String name, Collection<String> candidates) {
    String wanted = name.toLowerCase(Locale.ROOT);
    String best = null;
    int bestDistance = Math.min(name.length(), tooMany(name));
    for (String candidate : candidates) {
      String other = candidate.toLowerCase(Locale.ROOT);
      int distance = slips(wanted, other);
      if (distance < bestDistance && partsAreNear(wanted, other)) {
        bestDistance = distance;
        best = candidate;
      }
    }
    return best;
  }

  /** How many slips are one too many. */
  private static int tooMany(String name) {
    return Math.max(1, name.length() / 3) + 1;
  }

  private static boolean partsAreNear(String a, String b) {
    String[] as = a.split("\\.", -1);
    String[] bs = b.split("\\.", -1);
    if (as.length != bs.length || as.length == 1) {
      return true;
    }
    for (int i = 0; i < as.length; i++) {
      if (slips(as[i], bs[i]) >= tooMany(as[i])) {
        return false;
      }
    }
    return true;
  }

  /** {@code " Did you mean 'x'?"}, or nothing if no candidate is near. */
  public static String hint(String name, Collection<String> candidates) {
    String nearest = nearest(name, candidates);
    return nearest == null ? "" : " Did you mean '" + nearest + "'?";
  }

  /** The candidates separated by commas, at most eight of them; {@code none} if there are none. */
  public static String list(Collection<String> candidates) {
    if (candidates.isEmpty()) {
      return "none";
    }
    String listed = String.join(", ", candidates.stream().limit(LISTED).toList());
    int more = candidates.size() - LISTED;
    return more > 0 ? listed + " and " + more + " more" : listed;
  }

  /** {@code "1 file"}, {@code "2 files"}: a number with a noun whose plural ends in s. */
  public static String count(long number, String noun) {
    return number + " " + noun + (number == 1 ? "" : "s");
  }

  /** Edit distance in which swapping two neighbours is one step. */
  private static int slips(String a, String b) {
    int[][] d = new int[a.length() + 1][b.length() + 1];
    for (int i = 0; i <= a.length(); i++) {
      for (int j = 0; j <= b.length(); j++) {
        if (i == 0 || j == 0) {
          d[i][j] = i + j;
          continue;
        }
        int changed = d[i - 1][j - 1] + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
        d[i][j] = Math.min(changed, Math.min(d[i - 1][j], d[i][j - 1]) + 1);
        if (i > 1
            && j > 1
            && a.charAt(i - 1) == b.charAt(j - 2)
            && a.charAt(i - 2) == b.charAt(j - 1)) {
          d[i][j] = Math.min(d[i][j], d[i - 2][j - 2] + 1);
        }
      }
    }
    return d[a.length()][b.length()];
  }
}
