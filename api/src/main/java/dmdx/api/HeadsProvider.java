package dmdx.api;

import dmdx.api.settings.Settings;
import java.util.List;

/** Builds the trainable heads of a discriminator, one per feature map. */
public interface HeadsProvider extends Plugin {

  @Override
  default String kind() {
    return "heads";
  }

  /**
   * @param taps the backbone's feature maps
   * @param mapSizes height and width of each map
   * @throws IllegalArgumentException naming the tap whose map is too small
   */
  DiscriminatorHeads create(List<FeatureTap> taps, List<long[]> mapSizes, Settings settings);
}
