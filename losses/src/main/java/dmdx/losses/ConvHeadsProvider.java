package dmdx.losses;

import dmdx.api.DiscriminatorHeads;
import dmdx.api.FeatureTap;
import dmdx.api.HeadsProvider;
import dmdx.api.settings.Settings;
import dmdx.nn.heads.Head;
import dmdx.nn.heads.TapHeads;
import java.util.Arrays;
import java.util.List;

/** Provides {@code conv}, the paper's heads for pictures and videos (Appendix B). */
public final class ConvHeadsProvider implements HeadsProvider {

  /** Stateless. */
  public ConvHeadsProvider() {}

  @Override
  public String name() {
    return "conv";
  }

  @Override
  public String description() {
    return "convolutional heads: 2-D blocks for pictures, blocks of a 3-D and a 2-D convolution for videos";
  }

  @Override
  public DiscriminatorHeads create(
      List<FeatureTap> taps, List<long[]> mapSizes, Settings settings) {
    ConvHeadsSettings own = ConvHeadsSettings.from(settings);
    settings.finish();
    return TapHeads.of(name(), taps, mapSizes, (name, tap, size) -> head(name, tap, size, own));
  }

  private static Head head(String name, FeatureTap tap, long[] size, ConvHeadsSettings settings) {
    if (tap.dimensions() == 0) {
      throw new IllegalArgumentException("is a vector, not a map. Set 'heads' to mlp.");
    }
    if (Arrays.stream(size).anyMatch(n -> n < 1)) {
      throw new IllegalArgumentException(
          "has no positions (%s). Use a larger picture.".formatted(ConvHeadsSettings.text(size)));
    }
    return tap.dimensions() == 3
        ? VideoConvHead.of(name, tap, size, settings)
        : ConvHead.of(name, tap, size, settings);
  }
}
