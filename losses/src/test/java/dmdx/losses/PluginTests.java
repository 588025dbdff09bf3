package dmdx.losses;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;

import dmdx.api.AdversarialLoss;
import dmdx.api.DivergenceLossProvider;
import dmdx.api.HeadsProvider;
import dmdx.api.Plugin;
import dmdx.api.settings.Settings;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.ServiceLoader;
import org.junit.jupiter.api.Test;

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
  void every_divergence_is_complete_with_its_defaults() {
    for (DivergenceLossProvider provider : found(DivergenceLossProvider.class)) {
      assertFalse(
          provider.create(Settings.of(provider.defaults(), Path.of("."))).inputs().isEmpty());
    }
  }

  private static <T> ServiceLoader<T> found(Class<T> service) {
    PluginTests.class.getModule().addUses(service);
    return ServiceLoader.load(service, PluginTests.class.getClassLoader());
  }
}
