package dmdx.discriminator.sam;

import dmdx.api.BackboneProvider;
import dmdx.api.DiscriminatorBackbone;
import dmdx.api.settings.Settings;
import dmdx.nn.backbone.LayerChoice;
import dmdx.nn.backbone.PictureBackbone;
import dmdx.nn.backbone.PictureBackbone.Input;
import dmdx.nn.weights.ModelConfig;
import java.nio.file.Path;

/**
 * Provides {@code sam}, the image encoder of Segment Anything. Settings: {@code layers}, see {@link
 * LayerChoice}, and {@code variant} of the weights file.
 */
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
    LayerChoice layers = LayerChoice.from(settings);
    String variant = settings.optionalText("variant");
    settings.finish();
    Path file = folder.resolve("config.json");
    SamVisionEncoder encoder = new SamVisionEncoder(SamConfig.from(ModelConfig.read(file)));
    layers.check(settings, encoder, file);
    settings.finish();
    SamPreprocessor preprocessor = new SamPreprocessor(encoder.config().imageSize());
    Input input = new Input(preprocessor.side(), preprocessor::normalise);
    return PictureBackbone.open(folder, variant, encoder, input, layers);
  }
}
