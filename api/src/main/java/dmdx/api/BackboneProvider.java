package dmdx.api;

import dmdx.api.settings.Settings;
import java.nio.file.Path;

/** Opens pixel discriminator backbones of one architecture. */
public interface BackboneProvider extends Plugin {

  @Override
  default String kind() {
    return "discriminator";
  }

  /**
   * Opens a checkpoint folder.
   *
   * @param folder checkpoint folder in the Hugging Face layout
   * @param settings the plugin's own settings; every key must be read
   * @return the backbone; the caller closes it
   */
  DiscriminatorBackbone open(Path folder, Settings settings);
}
