package dmdx.nn.perceptual;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import dmdx.api.network.Network;
import dmdx.api.network.ParameterSpec;
import dmdx.api.network.Pass;
import dmdx.nn.layer.Conv;
import dmdx.nn.layer.Parameters;
import dmdx.nn.torch.Ops;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * LPIPS v0.1, the learned perceptual distance of Zhang et al. 2018, with the weight names {@code
 * features.<index>} of torchvision's classifiers and {@code lin<k>.model.1.weight}, the weights of
 * channels:
 *
 * <pre>
 * n_k = f_k / (|f_k| + 1e-10)                              feature map k, each position of length 1
 * d   = sum over k of mean over positions of sum over channels of lin_k (n_k(a) - n_k(b))^2
 * </pre>
 */
public final class Lpips implements Network {
  private static final float[] SHIFT = {-0.030f, -0.088f, -0.188f};
  private static final float[] SCALE = {0.458f, 0.448f, 0.450f};
  private static final float EPS = 1e-10f;

  private final Features features;
  private final List<Conv> weights = new ArrayList<>();
  private final List<ParameterSpec> parameters;

  Lpips(Features features) {
    this.features = features;
    for (Features.Stage stage : features.stages()) {
      String name = "lin" + weights.size() + ".model.1";
      weights.add(Conv.same(name, stage.channels(), 1, 1).withoutBias());
    }
    parameters = new Parameters().add(features).add(weights).list();
  }

  /** The distance by AlexNet's features, for pictures of at least 31 by 31 pixels. */
  public static Lpips alex() {
    return new Lpips(Features.alex(64, 192, 384, 256, 256));
  }

  /** The distance by VGG16's features, for pictures of at least 16 by 16 pixels. */
  public static Lpips vgg() {
    return new Lpips(Features.vgg(64, 128, 256, 512, 512));
  }

  @Override
  public List<ParameterSpec> parameters() {
    return parameters;
  }

  /** The names in files that LPIPS's own module wrote, by torchvision's names. */
  public Map<String, String> aliases() {
    Map<String, String> aliases = new LinkedHashMap<>();
    for (int k = 0; k < features.stages().size(); k++) {
      for (Conv conv : features.stages().get(k).convs()) {
        String other = conv.name().replace("features.", "net.slice%d.".formatted(k + 1));
        aliases.put(conv.name() + ".weight", other + ".weight");
        aliases.put(conv.name() + ".bias", other + ".bias");
      }
    }
    return aliases;
  }

  /** Whether a file may hold a tensor of that name although the distance has no use for it. */
  public static boolean ignores(String tensor) {
    return tensor.startsWith("classifier.");
  }

  /**
   * How different pictures look.
   *
   * @param a RGB in [-1, 1], {@code [B, 3, H, W]}; gradient flows to both
   * @param b the same shape
   * @return {@code [B]}, at least 0 if the channels' weights are
   */
  public NDArray distance(Pass pass, NDArray a, NDArray b) {
    return between(pass, maps(pass, a), maps(pass, b));
  }

  /**
   * The feature maps of pictures, for distances to several others.
   *
   * @param x RGB in [-1, 1], {@code [B, 3, H, W]}
   * @return five of {@code [B, C, H', W']}, not of length 1 yet
   */
  public List<NDArray> maps(Pass pass, NDArray x) {
    Shape perChannel = new Shape(1, 3, 1, 1);
    NDArray shifted = x.sub(Ops.constant(x, SHIFT, perChannel));
    return features.forward(pass, shifted.div(Ops.constant(x, SCALE, perChannel)));
  }

  /** {@link #distance} by the feature maps of two pictures, {@code [B]}. */
  public NDArray between(Pass pass, List<NDArray> a, List<NDArray> b) {
    return sum(distances(pass, a, b));
  }

  /** The five terms {@code [B]}. */
  List<NDArray> distances(Pass pass, List<NDArray> a, List<NDArray> b) {
    List<NDArray> terms = new ArrayList<>();
    for (int k = 0; k < weights.size(); k++) {
      Conv lin = weights.get(k);
      Pass.Block term =
          (p, in) -> {
            NDArray apart = lin.forward(p, unit(in[0]).sub(unit(in[1])).square());
            return apart.reshape(apart.getShape().get(0), -1).mean(new int[] {1});
          };
      terms.add(pass.block(lin.name(), term, a.get(k), b.get(k)));
    }
    return terms;
  }

  static NDArray sum(List<NDArray> terms) {
    return terms.stream().reduce(NDArray::add).orElseThrow();
  }

  private static NDArray unit(NDArray map) {
    return map.div(map.square().sum(new int[] {1}, true).sqrt().add(EPS));
  }
}
