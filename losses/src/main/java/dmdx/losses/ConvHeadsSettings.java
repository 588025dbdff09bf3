package dmdx.losses;

import dmdx.api.FeatureTap;
import dmdx.api.settings.Settings;
import java.util.Arrays;
import java.util.stream.Collectors;

/**
 * @param blocks number of blocks of a head for pictures
 * @param volumeBlocks number of 3-D blocks of a head for videos, at least 1
 * @param frameBlocks number of 2-D blocks that follow them
 * @param channels hidden width of a head is that of its tap, but at most this
 * @param groups groups of every GroupNorm, a divisor of the hidden width
 */
record ConvHeadsSettings(int blocks, int volumeBlocks, int frameBlocks, int channels, int groups) {

  static ConvHeadsSettings from(Settings s) {
    return new ConvHeadsSettings(
        s.integer("blocks", 1, 12),
        s.integer("volume-blocks", 1, 12),
        s.integer("frame-blocks", 0, 12),
        s.integer("channels", 1, 1 << 14),
        s.integer("groups", 1, 4096));
  }

  /** The hidden width of a tap's head. */
  int hidden(FeatureTap tap) {
    int hidden = Math.min(tap.channels(), channels);
    if (hidden % groups != 0) {
      throw new IllegalArgumentException(
          "gives a hidden width of %d, which 'groups' = %d does not divide. "
                  .formatted(hidden, groups)
              + "Set 'groups' to a divisor, or 'channels' to a multiple of it.");
    }
    return hidden;
  }

  /** Refuses a last norm that would see one value a group. */
  void checkNorm(int hidden, long[] size, long height, long width) {
    if (hidden / groups * height * width < 2) {
      throw new IllegalArgumentException(
          "has a map of %s, which its head shrinks to %dx%d; with %d channels in %d groups"
                  .formatted(text(size), height, width, hidden, groups)
              + " each group is a single value, and its norm would erase it. Use fewer 'groups',"
              + " fewer blocks or a larger picture.");
    }
  }

  /** {@code 4x16x16}. */
  static String text(long[] size) {
    return Arrays.stream(size).mapToObj(Long::toString).collect(Collectors.joining("x"));
  }
}
