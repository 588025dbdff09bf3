package dmdx.api;

import dmdx.api.settings.Settings;
import java.util.List;

/** Builds the trainable heads of a discriminator, one per feature. */
public interface HeadsProvider extends Plugin {

  @Override
  default String kind() {
    return "heads";
  }

  /**
   * @param taps the backbone's features
   * @param mapSizes the size of each as {@link DiscriminatorBackbone#mapSizes} gives it
   * @throws IllegalArgumentException naming every tap that these heads do not fit
   */
  DiscriminatorHeads create(List<FeatureTap> taps, List<long[]> mapSizes, Settings settings);
}
