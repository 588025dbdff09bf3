package dmdx.discriminator.sam;

import dmdx.api.BackboneProvider;
import dmdx.api.DiscriminatorBackbone;
import dmdx.api.settings.Settings;
import dmdx.nn.weights.ModelConfig;
import java.nio.file.Path;

/** Provides {@code sam}, the image encoder of Segment Anything. */
public final class SamBackboneProvider implements BackboneProvider {

  /** Stateless. */
  public SamBackboneProvider() {}

  @Override
  public String name() {
    return "sam";
  }

  @Override
  public String description() {
    return "SAM image encoder (base, large, huge): hidden states of chosen layers";
  }

  @Override
  public DiscriminatorBackbone open(Path folder, Settings settings) {
    SamSettings own = SamSettings.from(settings);
    settings.finish();
    Path file = folder.resolve("config.json");
    SamVisionEncoder encoder = new SamVisionEncoder(SamConfig.from(ModelConfig.read(file)));
    int deepest = own.layers().get(own.layers().size() - 1);
    if (deepest > encoder.config().layers()) {
      settings.problem(
          "layers",
          "is %s, but %s has %d layers. Set it to layers from 1 to %3$d."
              .formatted(own.layers(), file, encoder.config().layers()));
      settings.finish();
    }
    return SamBackbone.open(folder, encoder, own);
  }
}
