package dmdx.losses;

import dmdx.api.FeatureTap;
import dmdx.api.settings.Settings;
import dmdx.nn.layer.Conv;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;

/**
 * @param blocks number of blocks of a head for pictures
 * @param videoBlocks number of blocks of a head for videos
 * @param channels hidden width of a head is that of its tap, but at most this
 * @param groups groups of every GroupNorm, a divisor of the hidden width
 * @param logitKernel side of the convolution to logits, odd
 * @param keepsSmallMaps whether a block keeps the size of a map that it cannot halve
 */
record ConvHeadsSettings(
    int blocks,
    int videoBlocks,
    int channels,
    int groups,
    int logitKernel,
    boolean keepsSmallMaps) {

  static ConvHeadsSettings from(Settings s) {
    return new ConvHeadsSettings(
        s.integer("blocks", 1, 12),
        s.integer("video-blocks", 1, 12),
        s.integer("channels", 1, 1 << 14),
        s.integer("groups", 1, 4096),
        Integer.parseInt(s.choice("logit-kernel", List.of("1", "3", "5", "7"))),
        s.choice("small-maps", List.of("keep", "refuse")).equals("keep"));
  }

  /** The convolution to logits, which starts at zero. */
  Conv output(String head, int hidden) {
    return Conv.same(head + ".output", hidden, 1, logitKernel).zero();
  }

  /** Whether a block halves a map, or keeps its size because halving would leave nothing. */
  boolean halves(long[] size, long height, long width) {
    boolean halves = height > 1 && width > 1;
    if (!halves && !keepsSmallMaps) {
      throw new IllegalArgumentException(
          "has a map of %s, too small to be halved by %d blocks. Use fewer blocks, or set 'small-maps' to keep."
              .formatted(text(size), blocks));
    }
    return halves;
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

  /**
   * Refuses a last norm that would see one value a group.
   *
   * @param last what the head shrinks the map to
   */
  void checkNorm(int hidden, long[] size, long... last) {
    if (hidden / groups * Arrays.stream(last).reduce(1, (a, b) -> a * b) < 2) {
      throw new IllegalArgumentException(
          "has a map of %s, which its head shrinks to %s; with %d channels in %d groups"
                  .formatted(text(size), text(last), hidden, groups)
              + " each group is a single value, and its norm would erase it. Use fewer 'groups',"
              + " fewer blocks or a larger picture.");
    }
  }

  /** {@code 4x16x16}. */
  static String text(long[] size) {
    return Arrays.stream(size).mapToObj(Long::toString).collect(Collectors.joining("x"));
  }
}
