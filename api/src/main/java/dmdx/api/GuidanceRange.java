package dmdx.api;

/**
 * An interval of classifier-free guidance scales, drawn from uniformly.
 *
 * @param low smallest scale, at least 1
 * @param high largest scale, at least {@code low}
 */
public record GuidanceRange(double low, double high) {
  public GuidanceRange {
    if (!(low >= 1 && high >= low)) {
      throw new IllegalArgumentException(
          "guidance range [%s, %s]: 1 <= low <= high".formatted(low, high));
    }
  }

  /**
   * @param u in [0, 1)
   */
  public double at(double u) {
    return low + u * (high - low);
  }
}
