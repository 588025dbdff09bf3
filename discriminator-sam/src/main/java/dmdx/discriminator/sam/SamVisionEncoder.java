package dmdx.discriminator.sam;

import ai.djl.ndarray.NDArray;
import dmdx.api.network.ParameterSpec;
import dmdx.api.network.ParameterSpec.Initial;
import dmdx.api.network.Pass;
import dmdx.nn.backbone.LayeredEncoder;
import dmdx.nn.layer.Conv;
import dmdx.nn.layer.Layer;
import dmdx.nn.layer.Parameters;
import java.util.ArrayList;
import java.util.List;

/**
 * The image encoder of SAM: a plain transformer over patches, mostly in windows, a few layers over
 * the whole grid. Weight names are those of {@code SamModel}, under {@code vision_encoder.}.
 */
final class SamVisionEncoder implements LayeredEncoder {
  private static final String PREFIX = "vision_encoder.";
  private static final String POSITIONS = PREFIX + "pos_embed";

  private final SamConfig config;
  private final Conv patches;
  private final List<SamLayer> layers = new ArrayList<>();
  private final SamNeck neck;

  SamVisionEncoder(SamConfig config) {
    this.config = config;
    int patch = config.patch();
    patches = Conv.of(PREFIX + "patch_embed.projection", 3, config.hidden(), patch, patch, 0);
    for (int i = 0; i < config.layers(); i++) {
      layers.add(SamLayer.of(layerName(i), config, i));
    }
    neck = SamNeck.of(PREFIX + "neck", config);
  }

  @Override
  public String layerName(int i) {
    return PREFIX + "layers." + i;
  }

  @Override
  public Dimensions dimensions() {
    return new Dimensions(config.layers(), config.hidden(), config.patch());
  }

  @Override
  public NDArray layer(Pass pass, int i, NDArray x) {
    return layers.get(i).forward(pass, x);
  }

  @Override
  public boolean ignores(String tensorName) {
    return tensorName.startsWith("shared_image_embedding.")
        || tensorName.startsWith("prompt_encoder.")
        || tensorName.startsWith("mask_decoder.");
  }

  SamConfig config() {
    return config;
  }

  @Override
  public List<ParameterSpec> parameters() {
    Parameters parameters = new Parameters();
    if (config.absolutePositions()) {
      int grid = config.grid();
      parameters.add(POSITIONS, new Initial.Zeros(), 1, grid, grid, config.hidden());
    }
    return parameters.add(patches).add(layers).add(new Layer[] {neck}).list();
  }

  /**
   * @param state the last hidden state {@code [B, G, G, h]}
   * @return the image embedding {@code [B, o, G, G]}
   */
  NDArray embedding(Pass pass, NDArray state) {
    return pass.block(PREFIX + "neck", (p, in) -> neck.forward(p, in[0]), state);
  }

  /**
   * @param pixels normalised RGB {@code [B, 3, image_size, image_size]}
   * @return the patches {@code [B, G, G, h]}, the form of every hidden state
   */
  @Override
  public NDArray embed(Pass pass, NDArray pixels) {
    long side = config.imageSize();
    if (pixels.getShape().get(2) != side || pixels.getShape().get(3) != side) {
      throw new IllegalArgumentException(
          "SAM encoder: pixels are %s, expected [B, 3, %d, %d]"
              .formatted(pixels.getShape(), side, side));
    }
    NDArray x = channelsLast(patches.forward(pass, pixels));
    return config.absolutePositions() ? x.add(pass.weight(POSITIONS)) : x;
  }

  @Override
  public NDArray map(NDArray state, int grid) {
    return channelsFirst(state);
  }

  static NDArray channelsFirst(NDArray x) {
    return x.transpose(0, 3, 1, 2);
  }

  static NDArray channelsLast(NDArray x) {
    return x.transpose(0, 2, 3, 1);
  }
}
