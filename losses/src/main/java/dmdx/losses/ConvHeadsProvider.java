package dmdx.losses;

import dmdx.api.DiscriminatorHeads;
import dmdx.api.FeatureTap;
import dmdx.api.HeadsProvider;
import dmdx.api.settings.Settings;
import java.util.List;

/** Provides {@code conv}, the paper's heads for pictures (Appendix B). */
public final class ConvHeadsProvider implements HeadsProvider {

  /** Stateless. */
  public ConvHeadsProvider() {}

  @Override
  public String name() {
    return "conv";
  }

  @Override
  public String description() {
    return "2-D convolutional heads: blocks of 4x4 stride 2, GroupNorm, SiLU, then 1x1";
  }

  @Override
  public DiscriminatorHeads create(
      List<FeatureTap> taps, List<long[]> mapSizes, Settings settings) {
    ConvHeadsSettings own = ConvHeadsSettings.from(settings);
    settings.finish();
    return ConvHeads.of(taps, mapSizes, own);
  }
}
