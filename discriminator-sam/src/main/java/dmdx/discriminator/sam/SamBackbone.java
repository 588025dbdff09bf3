package dmdx.discriminator.sam;

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
import org.jspecify.annotations.Nullable;

/** Hidden states of a frozen SAM encoder; layers behind the deepest one asked for never run. */
final class SamBackbone implements DiscriminatorBackbone {
  private final SamVisionEncoder encoder;
  private final SamPreprocessor preprocessor;
  private final List<Integer> layers;
  private final CheckpointWeights weights;
  private final NDManager manager;

  private SamBackbone(
      SamVisionEncoder encoder,
      List<Integer> layers,
      CheckpointWeights weights,
      NDManager manager) {
    this.encoder = encoder;
    this.preprocessor = new SamPreprocessor(encoder.config().imageSize());
    this.layers = layers;
    this.weights = weights;
    this.manager = manager;
  }

  static SamBackbone open(Path folder, SamVisionEncoder encoder, SamSettings settings) {
    NDManager manager = NDManager.newBaseManager();
    try {
      CheckpointWeights weights =
          CheckpointWeights.open(
              folder, "model", settings.variant(), encoder, SamVisionEncoder::isOther, manager);
      return new SamBackbone(encoder, settings.layers(), weights, manager);
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
    SamConfig c = encoder.config();
    return layers.stream()
        .map(k -> new FeatureTap(SamVisionEncoder.layerName(k - 1), c.hidden(), c.patch(), 2))
        .toList();
  }

  /** The encoder's grid, whatever the picture: pictures are scaled and padded to its square. */
  @Override
  public List<long[]> mapSizes(ImageSize input) {
    int grid = encoder.config().grid();
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
      features.add(SamVisionEncoder.channelsFirst(states.get(k)));
    }
    return features;
  }

  @Override
  public void close() {
    weights.close();
    manager.close();
  }
}
