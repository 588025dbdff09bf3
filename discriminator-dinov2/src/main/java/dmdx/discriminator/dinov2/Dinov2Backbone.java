package dmdx.discriminator.dinov2;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import dmdx.api.Conditioning;
import dmdx.api.DiscriminatorBackbone;
import dmdx.api.FeatureTap;
import dmdx.api.ImageSize;
import dmdx.api.network.Network;
import dmdx.api.network.Pass;
import dmdx.api.network.Weights;
import dmdx.nn.torch.Ops;
import dmdx.nn.weights.CheckpointWeights;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Hidden states of a frozen DINOv2 encoder at the patches; layers behind the deepest one asked for
 * never run.
 */
final class Dinov2Backbone implements DiscriminatorBackbone {
  private final Dinov2Encoder encoder;
  private final Dinov2Preprocessor preprocessor;
  private final List<Integer> layers;
  private final CheckpointWeights weights;
  private final NDManager manager;

  private Dinov2Backbone(
      Dinov2Encoder encoder,
      Dinov2Settings settings,
      CheckpointWeights weights,
      NDManager manager) {
    this.encoder = encoder;
    this.preprocessor = new Dinov2Preprocessor(settings.imageSize());
    this.layers = settings.layers();
    this.weights = weights;
    this.manager = manager;
  }

  static Dinov2Backbone open(Path folder, Dinov2Encoder encoder, Dinov2Settings settings) {
    NDManager manager = NDManager.newBaseManager();
    try {
      CheckpointWeights weights =
          CheckpointWeights.open(
              folder, "model", settings.variant(), encoder, tensor -> false, manager);
      return new Dinov2Backbone(encoder, settings, weights, manager);
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
    Dinov2Config c = encoder.config();
    return layers.stream()
        .map(k -> new FeatureTap(Dinov2Encoder.layerName(k - 1), c.hidden(), c.patch(), 2))
        .toList();
  }

  /** The same grid, whatever the picture: pictures are scaled to one square. */
  @Override
  public List<long[]> mapSizes(ImageSize input) {
    int grid = grid();
    return layers.stream().map(k -> new long[] {grid, grid}).toList();
  }

  @Override
  public List<NDArray> features(
      Pass pass, NDArray x, double @Nullable [] t, @Nullable Conditioning conditioning) {
    NDArray pixels = pass.block("preprocess", (p, in) -> preprocessor.normalise(in[0]), x);
    int deepest = layers.get(layers.size() - 1);
    List<NDArray> states = encoder.hiddenStates(pass, pixels, deepest);
    List<NDArray> features = new ArrayList<>();
    for (int k : layers) {
      features.add(map(states.get(k)));
    }
    return features;
  }

  /** {@code [B, N, h]} without the class token as {@code [B, h, g, g]}. */
  private NDArray map(NDArray state) {
    Shape shape = state.getShape();
    return Ops.slice(state, 1, 1, shape.get(1))
        .transpose(0, 2, 1)
        .reshape(shape.get(0), shape.get(2), grid(), grid());
  }

  private int grid() {
    return preprocessor.side() / encoder.config().patch();
  }

  @Override
  public void close() {
    weights.close();
    manager.close();
  }
}
