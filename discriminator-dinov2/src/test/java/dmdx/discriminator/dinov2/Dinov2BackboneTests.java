package dmdx.discriminator.dinov2;

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
import dmdx.nn.torch.Ops;
import dmdx.nn.weights.ForwardPass;
import dmdx.nn.weights.SafetensorsFile;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

class Dinov2BackboneTests {
  private static final Path GATED = Path.of("src/test/resources/golden/dinov2/swiglu");
  private static final Path PLAIN = Path.of("src/test/resources/golden/dinov2/interp-offset-rule");

  private final NDManager manager = NDManager.newBaseManager();

  @AfterEach
  void close() {
    manager.close();
  }

  @Tag("golden")
  @Test
  void features_are_the_reference_hidden_states_of_the_patches() {
    try (SafetensorsFile file = SafetensorsFile.open(GATED.resolve("io.safetensors"));
        DiscriminatorBackbone backbone = open(GATED, "layers = [1, 3], image-size = 24")) {
      // undo the normalisation that features() applies
      NDArray normalised = file.read("in.pixel_values", manager);
      NDArray std = manager.create(new float[] {0.229f, 0.224f, 0.225f}, new Shape(1, 3, 1, 1));
      NDArray mean = manager.create(new float[] {0.485f, 0.456f, 0.406f}, new Shape(1, 3, 1, 1));
      NDArray rgb = normalised.mul(std).add(mean).mul(2f).sub(1f);

      List<NDArray> features =
          backbone.features(ForwardPass.of(backbone.weights(), manager), rgb, null, null);

      List<FeatureTap> taps = backbone.taps();
      assertEquals(
          List.of("encoder.layer.0", "encoder.layer.2"),
          taps.stream().map(FeatureTap::name).toList());
      for (int i = 0; i < 2; i++) {
        NDArray tokens = file.read("tap.hidden_states." + (2 * i + 1), manager);
        NDArray actual = features.get(i);
        assertEquals(new Shape(2, 24, 4, 4), actual.getShape());
        assertEquals(taps.get(i).channels(), actual.getShape().get(1));
        assertArrayEquals(backbone.mapSizes(ImageSize.square(99)).get(i), new long[] {4, 4});
        // row y, column x of the map is token 1 + 4 y + x
        float error = 0;
        for (int y = 0; y < 4; y++) {
          for (int x = 0; x < 4; x++) {
            NDArray token = Ops.slice(tokens, 1, 1 + 4L * y + x, 2 + 4L * y + x).squeeze(1);
            NDArray pixel = Ops.slice(Ops.slice(actual, 2, y, y + 1), 3, x, x + 1).reshape(2, 24);
            error = Math.max(error, pixel.sub(token).abs().max().getFloat());
          }
        }
        assertTrue(error < 1e-4 * tokens.abs().max().getFloat(), "feature " + i + ": " + error);
      }
    }
  }

  @Test
  void runs_no_layer_behind_the_deepest_one_asked_for() {
    try (DiscriminatorBackbone backbone = open(PLAIN, "layers = [1, 2], image-size = 28")) {
      Set<String> read = BackboneContract.weightsRead(backbone, ImageSize.square(32));
      assertTrue(read.stream().anyMatch(n -> n.startsWith("encoder.layer.1.")));
      assertTrue(
          read.stream()
              .noneMatch(n -> n.startsWith("encoder.layer.2.") || n.startsWith("layernorm")),
          read.toString());
    }
  }

  @Test
  void keeps_what_backbones_promise() {
    assertEquals(
        List.of(),
        ServiceContract.problems(
            Dinov2BackboneProvider.class.getModule(),
            BackboneProvider.class,
            ReferenceNetworkProvider.class));
    BackboneProvider provider = new Dinov2BackboneProvider();
    assertEquals(
        List.of(),
        BackboneContract.problems(
            provider,
            ConfigFactory.parseString("layers = [2, 3], image-size = 42"),
            settings -> provider.open(PLAIN, settings),
            new ImageSize(20, 24, 1),
            new ImageSize(91, 70, 1)));
  }

  @Test
  void names_settings_that_do_not_fit_the_checkpoint() {
    SettingsException misfit = assertThrows(SettingsException.class, () -> open(PLAIN, ""));
    assertEquals(1, misfit.problems().size(), misfit.problems()::toString);
    assertTrue(misfit.problems().get(0).contains("has 3 layers"), misfit.problems()::toString);
    SettingsException size =
        assertThrows(SettingsException.class, () -> open(PLAIN, "layers = [1], image-size = 40"));
    assertTrue(
        size.problems().get(0).contains("Set it to a multiple, such as 35"),
        size.problems()::toString);
    SettingsException order =
        assertThrows(SettingsException.class, () -> open(PLAIN, "layers = [2, 2]"));
    assertTrue(order.problems().get(0).contains("rising"), order.problems()::toString);
    assertThrows(SettingsException.class, () -> open(PLAIN, "layer = [1]"));
  }

  private static DiscriminatorBackbone open(Path folder, String settings) {
    BackboneProvider provider = new Dinov2BackboneProvider();
    assertEquals("dinov2", provider.name());
    return provider.open(
        folder,
        Settings.of(
            ConfigFactory.parseString(settings).withFallback(provider.defaults()), Path.of(".")));
  }
}
