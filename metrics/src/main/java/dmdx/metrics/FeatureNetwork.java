package dmdx.metrics;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dmdx.api.network.Weights;
import dmdx.nn.classify.AttributeClassifier;
import dmdx.nn.perceptual.Lpips;
import dmdx.nn.weights.CheckpointWeights;
import dmdx.nn.weights.ForwardPass;
import dmdx.nn.weights.ModelConfig;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;

/**
 * A network that sums up pictures as vectors.
 *
 * @param manager where weights and features live
 * @param network makes features {@code [B, F]} of RGB in [-1, 1], {@code [B, 3, H, W]}, float32
 * @param release frees the weights
 */
record FeatureNetwork(NDManager manager, UnaryOperator<NDArray> network, Runnable release)
    implements AutoCloseable {

  @Override
  public void close() {
    release.run();
  }

  /** A CLIP's embeddings of pictures, of length 1: F is the width of its projection. */
  static FeatureNetwork clip(ClipCheckpoint clip) {
    return new FeatureNetwork(clip.manager(), clip::pictures, clip::close);
  }

  /**
   * The mean over positions of the last feature map of AlexNet (F = 256) or VGG16 (F = 512), which
   * sees pictures as {@link Lpips} does.
   *
   * @param file torchvision's weights
   */
  static FeatureNetwork classifier(String net, Path file) {
    Lpips network = LpipsProvider.network(net);
    Predicate<String> needed = name -> !LpipsWeights.isLinear(name);
    NDManager manager = NDManager.newBaseManager(Device.cpu());
    try {
      Weights weights = LpipsWeights.read(List.of(file), network, needed, manager);
      return new FeatureNetwork(
          manager,
          stills -> {
            List<NDArray> maps = network.maps(ForwardPass.of(weights, manager), stills);
            return maps.get(maps.size() - 1).mean(new int[] {3}).mean(new int[] {2});
          },
          manager::close);
    } catch (RuntimeException e) {
      manager.close();
      throw e;
    }
  }

  /**
   * What an attribute classifier computes its verdicts of.
   *
   * @param folder {@code config.json}, {@code model.safetensors}
   */
  static FeatureNetwork attributes(Path folder) {
    AttributeClassifier network =
        AttributeClassifier.from(ModelConfig.read(folder.resolve("config.json")));
    NDManager manager = NDManager.newBaseManager(Device.cpu());
    try {
      CheckpointWeights weights =
          CheckpointWeights.open(folder, "model", null, network, name -> false, manager);
      return new FeatureNetwork(
          manager,
          stills -> network.forward(ForwardPass.of(weights, manager), stills).features(),
          () -> {
            weights.close();
            manager.close();
          });
    } catch (RuntimeException e) {
      manager.close();
      throw e;
    }
  }
}
