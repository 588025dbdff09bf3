package dmdx.nn.heads;

import ai.djl.ndarray.NDArray;
import dmdx.api.DiscriminatorHeads;
import dmdx.api.FeatureTap;
import dmdx.api.network.ParameterSpec;
import dmdx.api.network.Pass;
import dmdx.nn.layer.Parameters;
import java.util.ArrayList;
import java.util.List;

/**
 * One {@link Head} per tap; head i is named {@code heads.i}.
 *
 * @param kind the plugin's name
 * @param heads in the order of the taps
 */
public record TapHeads(String kind, List<Head> heads) implements DiscriminatorHeads {

  /**
   * The heads that {@code builder} builds, one a tap.
   *
   * @param kind the plugin's name
   * @param mapSizes as {@link dmdx.api.DiscriminatorBackbone#mapSizes} gives them
   * @throws IllegalArgumentException listing every tap for which {@code builder} threw one
   */
  public static TapHeads of(
      String kind, List<FeatureTap> taps, List<long[]> mapSizes, Builder builder) {
    if (taps.size() != mapSizes.size()) {
      throw new IllegalArgumentException(
          "%s heads: %d taps but %d map sizes".formatted(kind, taps.size(), mapSizes.size()));
    }
    List<Head> heads = new ArrayList<>();
    List<String> problems = new ArrayList<>();
    for (int i = 0; i < taps.size(); i++) {
      FeatureTap tap = taps.get(i);
      long[] size = mapSizes.get(i);
      try {
        if (size.length != tap.dimensions()) {
          throw new IllegalArgumentException(
              "has %d dimensions, but a size of %d".formatted(tap.dimensions(), size.length));
        }
        heads.add(builder.head("heads." + i, tap, size));
      } catch (IllegalArgumentException e) {
        problems.add("%s heads: tap '%s' %s".formatted(kind, tap.name(), e.getMessage()));
      }
    }
    if (!problems.isEmpty()) {
      throw new IllegalArgumentException(String.join(System.lineSeparator(), problems));
    }
    return new TapHeads(kind, List.copyOf(heads));
  }

  @Override
  public List<ParameterSpec> parameters() {
    return new Parameters().add(heads).list();
  }

  @Override
  public List<NDArray> logits(Pass pass, List<NDArray> features) {
    if (features.size() != heads.size()) {
      throw new IllegalArgumentException(
          "%s heads: %d features for %d heads".formatted(kind, features.size(), heads.size()));
    }
    List<NDArray> logits = new ArrayList<>();
    for (int i = 0; i < heads.size(); i++) {
      Head head = heads.get(i);
      logits.add(pass.block(head.name(), (p, in) -> head.forward(p, in[0]), features.get(i)));
    }
    return logits;
  }

  /** Builds the head of a tap. */
  @FunctionalInterface
  public interface Builder {
    /**
     * @param mapSize sizes of the tap's axes behind the channels
     * @throws IllegalArgumentException continuing a sentence that the tap starts, if none fits
     */
    Head head(String name, FeatureTap tap, long[] mapSize);
  }
}
