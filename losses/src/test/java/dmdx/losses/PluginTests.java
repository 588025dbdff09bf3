package dmdx.losses;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;

import ai.djl.ndarray.types.Shape;
import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import dmdx.api.AdversarialLoss;
import dmdx.api.DivergenceLoss;
import dmdx.api.DivergenceLossProvider;
import dmdx.api.FeatureTap;
import dmdx.api.HeadsProvider;
import dmdx.api.Plugin;
import dmdx.api.settings.Settings;
import dmdx.nn.contract.AdversarialContract;
import dmdx.nn.contract.DivergenceContract;
import dmdx.nn.contract.HeadsContract;
import dmdx.nn.contract.ServiceContract;
import dmdx.nn.contract.SettingsContract;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.ServiceLoader;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class PluginTests {

  @Test
  void every_plugin_is_found_by_name() {
    List<Plugin> plugins = new ArrayList<>();
    ClassLoader loader = PluginTests.class.getClassLoader();
    found(HeadsProvider.class).forEach(plugins::add);
    found(AdversarialLoss.class).forEach(plugins::add);
    found(DivergenceLossProvider.class).forEach(plugins::add);
    assertEquals(
        List.of(
            "conv",
            "mlp",
            "hinge",
            "softplus",
            "adm",
            "dmd",
            "fisher",
            "js-skew",
            "rectified-flow",
            "softplus-gan"),
        plugins.stream().map(Plugin::name).toList());
    for (Plugin plugin : plugins) {
      assertFalse(plugin.description().contains("\n"));
      String file = "META-INF/dmdx/" + plugin.kind() + "/" + plugin.name() + ".conf";
      assertNotNull(loader.getResource(file), file);
    }
  }

  @Test
  void every_plugin_is_found_on_either_path() {
    assertEquals(
        List.of(),
        ServiceContract.problems(
            AdmProvider.class.getModule(),
            HeadsProvider.class,
            AdversarialLoss.class,
            DivergenceLossProvider.class));
  }

  static Stream<DivergenceLossProvider> divergences() {
    return found(DivergenceLossProvider.class).stream().map(ServiceLoader.Provider::get);
  }

  @ParameterizedTest
  @MethodSource("divergences")
  void every_divergence_keeps_what_divergences_promise(DivergenceLossProvider provider) {
    assertEquals(
        List.of(), SettingsContract.problems(provider, ConfigFactory.empty(), provider::create));
    DivergenceLoss loss = provider.create(Settings.of(provider.defaults(), Path.of(".")));
    for (Shape shape : List.of(new Shape(3, 2, 4, 4), new Shape(2, 2, 3, 4, 4), new Shape(5, 2))) {
      assertEquals(List.of(), DivergenceContract.problems(loss, shape));
    }
  }

  @Test
  void every_objective_keeps_what_objectives_promise() {
    for (AdversarialLoss loss : found(AdversarialLoss.class)) {
      assertEquals(List.of(), AdversarialContract.problems(loss), loss.name());
    }
  }

  @Test
  void heads_for_vectors_keep_what_heads_promise() {
    List<FeatureTap> taps = List.of(new FeatureTap("pooler", 6, 1, 0));
    Config own = ConfigFactory.parseString("width = 8");
    assertEquals(
        List.of(), HeadsContract.problems(new MlpHeadsProvider(), own, taps, List.of(new long[0])));
  }

  @Test
  void heads_for_maps_keep_what_heads_promise() {
    List<FeatureTap> taps =
        List.of(
            new FeatureTap("high", 6, 1, 2),
            new FeatureTap("low", 12, 2, 2),
            new FeatureTap("video", 6, 1, 3));
    List<long[]> sizes = List.of(new long[] {9, 8}, new long[] {5, 4}, new long[] {3, 8, 8});
    Config own = ConfigFactory.parseString("groups = 2, channels = 8");
    assertEquals(List.of(), HeadsContract.problems(new ConvHeadsProvider(), own, taps, sizes));
  }

  private static <T> ServiceLoader<T> found(Class<T> service) {
    PluginTests.class.getModule().addUses(service);
    return ServiceLoader.load(service, PluginTests.class.getClassLoader());
  }
}
