package dmdx.discriminator.sam;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import com.typesafe.config.ConfigFactory;
import dmdx.api.BackboneProvider;
import dmdx.api.DiscriminatorBackbone;
import dmdx.api.FeatureTap;
import dmdx.api.ImageSize;
import dmdx.api.settings.Settings;
import dmdx.api.settings.SettingsException;
import dmdx.nn.contract.BackboneContract;
import dmdx.nn.contract.ServiceContract;
import dmdx.nn.parity.ReferenceNetworkProvider;
import dmdx.nn.weights.ForwardPass;
import dmdx.nn.weights.SafetensorsFile;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

class SamBackboneTests {
  private static final Path BASE12 =
      Path.of("src/test/resources/golden/sam-vision/base12-window-padded");
  private static final Path EXACT = Path.of("src/test/resources/golden/sam-vision/window-exact");

  private final NDManager manager = NDManager.newBaseManager();

  @AfterEach
  void close() {
    manager.close();
  }

  @Tag("golden")
  @Test
  void features_are_the_reference_hidden_states() {
    try (SafetensorsFile file = SafetensorsFile.open(BASE12.resolve("io.safetensors"));
        DiscriminatorBackbone backbone = open(BASE12, "")) {
      // undo the normalisation that features() applies
      NDArray normalised = file.read("in.pixel_values", manager);
      NDArray std = manager.create(new float[] {0.229f, 0.224f, 0.225f}, new Shape(1, 3, 1, 1));
      NDArray mean = manager.create(new float[] {0.485f, 0.456f, 0.406f}, new Shape(1, 3, 1, 1));
      NDArray rgb = normalised.mul(std).add(mean).mul(2f).sub(1f);

      List<NDArray> features =
          backbone.features(ForwardPass.of(backbone.weights(), manager), rgb, null, null);

      List<FeatureTap> taps = backbone.taps();
      assertEquals(
          List.of(
              "vision_encoder.layers.2",
              "vision_encoder.layers.5",
              "vision_encoder.layers.8",
              "vision_encoder.layers.11"),
          taps.stream().map(FeatureTap::name).toList());
      for (int i = 0; i < 4; i++) {
        NDArray expected = file.read("out.feature." + 3 * (i + 1), manager).transpose(0, 3, 1, 2);
        NDArray actual = features.get(i);
        assertEquals(expected.getShape(), actual.getShape());
        assertEquals(taps.get(i).channels(), actual.getShape().get(1));
        assertArrayEquals(
            backbone.mapSizes(ImageSize.square(99)).get(i),
            new long[] {actual.getShape().get(2), actual.getShape().get(3)});
        float error = actual.sub(expected).abs().max().getFloat();
        assertTrue(error < 1e-4 * expected.abs().max().getFloat(), "feature " + i + ": " + error);
      }
    }
  }

  @Test
  void runs_no_layer_behind_the_deepest_one_asked_for() {
    try (DiscriminatorBackbone backbone = open(EXACT, "layers = [1, 2]")) {
      Set<String> read = BackboneContract.weightsRead(backbone, ImageSize.square(32));
      assertTrue(read.stream().anyMatch(n -> n.startsWith("vision_encoder.layers.1.")));
      assertTrue(
          read.stream()
              .noneMatch(n -> n.startsWith("vision_encoder.layers.2.") || n.contains("neck")),
          read.toString());
    }
  }

  @Test
  void keeps_what_backbones_promise() {
    assertEquals(
        List.of(),
        ServiceContract.problems(
            SamBackboneProvider.class.getModule(),
            BackboneProvider.class,
            ReferenceNetworkProvider.class));
    BackboneProvider provider = new SamBackboneProvider();
    assertEquals(
        List.of(),
        BackboneContract.problems(
            provider,
            ConfigFactory.parseString("layers = [2, 4]"),
            settings -> provider.open(EXACT, settings),
            new ImageSize(20, 24, 1),
            new ImageSize(91, 70, 1)));
  }

  @Test
  void names_the_layers_a_checkpoint_lacks() {
    SettingsException deep = assertThrows(SettingsException.class, () -> open(EXACT, ""));
    assertTrue(deep.problems().get(0).contains("has 4 layers"), deep.problems()::toString);
    SettingsException order =
        assertThrows(SettingsException.class, () -> open(EXACT, "layers = [2, 2]"));
    assertTrue(order.problems().get(0).contains("rising"), order.problems()::toString);
    assertThrows(SettingsException.class, () -> open(EXACT, "layer = [1]"));
  }

  private static DiscriminatorBackbone open(Path folder, String settings) {
    BackboneProvider provider = new SamBackboneProvider();
    assertEquals("sam", provider.name());
    return provider.open(
        folder,
        Settings.of(
            ConfigFactory.parseString(settings).withFallback(provider.defaults()), Path.of(".")));
  }
}
