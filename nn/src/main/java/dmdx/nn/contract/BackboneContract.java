package dmdx.nn.contract;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import com.typesafe.config.Config;
import dmdx.api.BackboneProvider;
import dmdx.api.DiscriminatorBackbone;
import dmdx.api.FeatureTap;
import dmdx.api.ImageSize;
import dmdx.api.network.Weights;
import dmdx.api.settings.Settings;
import dmdx.nn.torch.Autograd;
import dmdx.nn.torch.Scope;
import dmdx.nn.weights.ForwardPass;
import dmdx.nn.weights.Noise;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Function;

/** What {@link DiscriminatorBackbone} promises of pixel backbones. */
public final class BackboneContract {
  private static final int ROWS = 2;

  private BackboneContract() {}

  /**
   * Features come in the order, number and shape announced, gradients reach every pixel, and memory
   * stays flat.
   *
   * <p>The weights must not be zero on the way, as those of freshly initialised layers may be: no
   * gradient passes them, and nothing can be told.
   *
   * @param sizes of the pictures or videos to try, at least one; one of them odd
   */
  public static List<String> problems(DiscriminatorBackbone backbone, ImageSize... sizes) {
    Findings findings = new Findings();
    findings.part(
        "taps",
        () -> {
          List<String> names = backbone.taps().stream().map(FeatureTap::name).toList();
          findings.require(!names.isEmpty(), "taps: there are none");
          findings.require(
              Set.copyOf(names).size() == names.size(), "taps: names are not unique: %s", names);
        });
    for (ImageSize size : sizes) {
      findings.repeated(
          "features of " + size, manager -> features(findings, backbone, size, manager));
    }
    return findings.list();
  }

  /**
   * The same of the backbone that a provider opens, and what {@link SettingsContract} says of its
   * settings.
   *
   * @param own settings over the defaults that make it open
   * @param open opens a small checkpoint
   */
  public static List<String> problems(
      BackboneProvider provider,
      Config own,
      Function<Settings, DiscriminatorBackbone> open,
      ImageSize... sizes) {
    return SettingsContract.problems(provider, own, open, backbone -> problems(backbone, sizes));
  }

  private static void features(
      Findings findings, DiscriminatorBackbone backbone, ImageSize size, NDManager manager) {
    List<FeatureTap> taps = backbone.taps();
    List<long[]> sizes = backbone.mapSizes(size);
    findings.require(
        sizes.size() == taps.size(), "mapSizes: has %d, taps %d", sizes.size(), taps.size());
    for (int i = 0; i < taps.size() && i < sizes.size(); i++) {
      String what = "feature '%s' of %s".formatted(taps.get(i).name(), size);
      try (Scope scope = new Scope();
          Autograd.Mode recording = Autograd.recording()) {
        NDArray leaf = Autograd.leaf(pixels(size, manager));
        ForwardPass pass = ForwardPass.of(backbone.weights(), manager);
        List<NDArray> features = backbone.features(pass, leaf, null, null);
        if (features.size() != taps.size()) {
          findings.add("features: are %d, taps %d".formatted(features.size(), taps.size()));
          return;
        }
        if (findings.shape(what, features.get(i), shape(taps.get(i), sizes.get(i)))) {
          findings.finite(what, features.get(i));
          findings.gradient(what, features.get(i), leaf, true);
        }
      }
    }
  }

  private static Shape shape(FeatureTap tap, long... size) {
    return new Shape(ROWS, tap.channels()).addAll(new Shape(size));
  }

  private static NDArray pixels(ImageSize size, NDManager manager) {
    Shape space = new Shape(size.height(), size.width());
    Shape frames = size.frames() == 1 ? new Shape() : new Shape(size.frames());
    return Noise.of("pixels")
        .gaussian(manager, new Shape(ROWS, 3).addAll(frames).addAll(space))
        .clip(-1, 1);
  }

  /** The names of the weights that it takes to compute the features: those of no layer behind. */
  public static Set<String> weightsRead(DiscriminatorBackbone backbone, ImageSize size) {
    Set<String> read = new LinkedHashSet<>();
    Weights watched =
        new Weights() {
          @Override
          public Set<String> names() {
            return backbone.weights().names();
          }

          @Override
          public NDArray get(String name) {
            read.add(name);
            return backbone.weights().get(name);
          }
        };
    try (NDManager manager = NDManager.newBaseManager(Device.cpu());
        Scope scope = new Scope()) {
      backbone.features(ForwardPass.of(watched, manager), pixels(size, manager), null, null);
    }
    return read;
  }
}
