package dmdx.losses;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;

import ai.djl.ndarray.types.Shape;
import com.typesafe.config.ConfigFactory;
import dmdx.api.AdversarialLoss;
import dmdx.api.DivergenceLoss;
import dmdx.api.DivergenceLossProvider;
import dmdx.api.HeadsProvider;
import dmdx.api.Plugin;
import dmdx.api.settings.Settings;
import dmdx.nn.contract.DivergenceContract;
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

  private static <T> ServiceLoader<T> found(Class<T> service) {
    PluginTests.class.getModule().addUses(service);
    return ServiceLoader.load(service, PluginTests.class.getClassLoader());
  }
}
