package dmdx.losses;

import dmdx.api.DiscriminatorHeads;
import dmdx.api.FeatureTap;
import dmdx.api.HeadsProvider;
import dmdx.api.settings.Settings;
import dmdx.nn.heads.Head;
import dmdx.nn.heads.TapHeads;
import java.util.List;

/** Provides {@code mlp}, heads for backbones whose features are vectors. */
public final class MlpHeadsProvider implements HeadsProvider {

  /** Stateless. */
  public MlpHeadsProvider() {}

  @Override
  public String name() {
    return "mlp";
  }

  @Override
  public String description() {
    return "perceptron heads for feature vectors: two hidden layers with SiLU";
  }

  @Override
  public DiscriminatorHeads create(
      List<FeatureTap> taps, List<long[]> mapSizes, Settings settings) {
    int width = settings.integer("width", 1, 1 << 14);
    settings.finish();
    return TapHeads.of(name(), taps, mapSizes, (name, tap, size) -> head(name, tap, width));
  }

  private static Head head(String name, FeatureTap tap, int width) {
    if (tap.dimensions() != 0) {
      throw new IllegalArgumentException("is a map, not a vector. Set 'heads' to conv.");
    }
    return MlpHead.of(name, tap.channels(), width);
  }
}
