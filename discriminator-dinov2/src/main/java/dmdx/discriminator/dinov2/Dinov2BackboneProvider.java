package dmdx.discriminator.dinov2;

import dmdx.api.BackboneProvider;
import dmdx.api.DiscriminatorBackbone;
import dmdx.api.settings.Settings;
import dmdx.nn.backbone.PictureBackbone;
import dmdx.nn.backbone.PictureBackbone.Input;
import dmdx.nn.weights.ModelConfig;
import java.nio.file.Path;

/** Provides {@code dinov2}, the self-supervised image encoder. */
public final class Dinov2BackboneProvider implements BackboneProvider {

  /** Stateless. */
  public Dinov2BackboneProvider() {}

  @Override
  public String name() {
    return "dinov2";
  }

  @Override
  public String description() {
    return "DINOv2 image encoder (small, base, large, giant): hidden states of chosen layers";
  }

  @Override
  public DiscriminatorBackbone open(Path folder, Settings settings) {
    Dinov2Settings own = Dinov2Settings.from(settings);
    settings.finish();
    Path file = folder.resolve("config.json");
    Dinov2Config config = Dinov2Config.from(ModelConfig.read(file));
    Dinov2Encoder encoder = new Dinov2Encoder(config, PositionRule.OFFSET);
    own.layers().check(settings, encoder, file);
    own.checkSize(settings, config, file);
    settings.finish();
    Dinov2Preprocessor preprocessor = new Dinov2Preprocessor(own.imageSize());
    Input input = new Input(preprocessor.side(), preprocessor::normalise);
    return PictureBackbone.open(folder, own.variant(), encoder, input, own.layers());
  }
}
