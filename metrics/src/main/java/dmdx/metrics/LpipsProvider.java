package dmdx.metrics;

import ai.djl.Device;
import ai.djl.ndarray.NDManager;
import dmdx.api.Metric;
import dmdx.api.MetricProvider;
import dmdx.api.Teacher;
import dmdx.api.settings.Settings;
import dmdx.nn.perceptual.Lpips;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Provides {@code lpips}, diversity as {@link LpipsMetric} measures it. Settings:
 *
 * <ul>
 *   <li>{@code net}: {@code alex} or {@code vgg}
 *   <li>{@code path}: torchvision's weights of that classifier, {@code features.<index>.weight} and
 *       {@code .bias}; or a whole LPIPS module's, which has both
 *   <li>{@code linear}: the weights of channels, {@code lin<k>.model.1.weight}, version 0.1
 *   <li>{@code size}: short side in pixels that larger pictures are shrunk to; 0 for none
 * </ul>
 *
 * Both files are safetensors or what {@code torch.save} wrote.
 */
public final class LpipsProvider implements MetricProvider {

  /** Stateless. */
  public LpipsProvider() {}

  @Override
  public String name() {
    return "lpips";
  }

  @Override
  public String description() {
    return "diversity: mean perceptual distance of two pictures of one prompt";
  }

  @Override
  public Metric open(Teacher teacher, Settings settings) {
    String net = settings.choice("net", List.of("alex", "vgg"));
    List<Path> files = new ArrayList<>(List.of(settings.path("path")));
    Path linear = settings.optionalPath("linear");
    int size = settings.integer("size", 0, 1 << 16);
    settings.finish();
    if (linear != null) {
      files.add(linear);
    }
    Lpips network = network(net);
    NDManager manager = NDManager.newBaseManager(Device.cpu());
    try {
      return new LpipsMetric(
          network, size, manager, LpipsWeights.read(files, network, name -> true, manager));
    } catch (RuntimeException e) {
      manager.close();
      throw e;
    }
  }

  static Lpips network(String net) {
    return net.equals("alex") ? Lpips.alex() : Lpips.vgg();
  }
}
