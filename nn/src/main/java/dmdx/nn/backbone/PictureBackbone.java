package dmdx.nn.backbone;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dmdx.api.Conditioning;
import dmdx.api.DiscriminatorBackbone;
import dmdx.api.FeatureTap;
import dmdx.api.ImageSize;
import dmdx.api.network.Network;
import dmdx.api.network.Pass;
import dmdx.api.network.Weights;
import dmdx.nn.weights.CheckpointWeights;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * Hidden states of a frozen encoder at the patches; layers behind the deepest one asked for never
 * run.
 */
public final class PictureBackbone implements DiscriminatorBackbone {
  private final LayeredEncoder encoder;
  private final Input input;
  private final LayerChoice layers;
  private final CheckpointWeights weights;
  private final NDManager manager;

  private PictureBackbone(
      LayeredEncoder encoder,
      Input input,
      LayerChoice layers,
      CheckpointWeights weights,
      NDManager manager) {
    this.encoder = encoder;
    this.input = input;
    this.layers = layers;
    this.weights = weights;
    this.manager = manager;
  }

  /**
   * @param folder checkpoint folder with {@code model.safetensors}
   * @param variant of the weights file, or null
   * @throws dmdx.api.CheckpointException if the weights are not those of the encoder
   */
  public static PictureBackbone open(
      Path folder,
      @Nullable String variant,
      LayeredEncoder encoder,
      Input input,
      LayerChoice layers) {
    NDManager manager = NDManager.newBaseManager(Device.cpu());
    try {
      CheckpointWeights weights =
          CheckpointWeights.open(folder, "model", variant, encoder, encoder::ignores, manager);
      return new PictureBackbone(encoder, input, layers, weights, manager);
    } catch (RuntimeException e) {
      manager.close();
      throw e;
    }
  }

  @Override
  public Network network() {
    return encoder;
  }

  @Override
  public Weights weights() {
    return weights;
  }

  @Override
  public List<FeatureTap> taps() {
    LayeredEncoder.Dimensions size = encoder.dimensions();
    return layers.numbers().stream()
        .map(k -> new FeatureTap(encoder.layerName(k - 1), size.width(), size.patch(), 2))
        .toList();
  }

  /** The same grid, whatever the picture: pictures are brought to one square. */
  @Override
  public List<long[]> mapSizes(ImageSize size) {
    int grid = grid();
    return layers.numbers().stream().map(k -> new long[] {grid, grid}).toList();
  }

  @Override
  public List<NDArray> features(
      Pass pass, NDArray x, double @Nullable [] t, @Nullable Conditioning conditioning) {
    NDArray pixels = pass.block("preprocess", (p, in) -> input.normalise().apply(in[0]), x);
    List<NDArray> states = encoder.hiddenStates(pass, pixels, layers.deepest());
    List<NDArray> features = new ArrayList<>();
    for (int k : layers.numbers()) {
      features.add(encoder.map(states.get(k), grid()));
    }
    return features;
  }

  private int grid() {
    return input.side() / encoder.dimensions().patch();
  }

  @Override
  public void close() {
    weights.close();
    manager.close();
  }

  /**
   * How pictures are brought to the encoder.
   *
   * @param side of the encoder's square in pixels
   * @param normalise RGB in [-1, 1] {@code [B, 3, H, W]} to {@code [B, 3, side, side]},
   *     differentiable
   */
  public record Input(int side, UnaryOperator<NDArray> normalise) {}
}
