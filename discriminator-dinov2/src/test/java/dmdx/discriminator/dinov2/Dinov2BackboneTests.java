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
import dmdx.nn.torch.Autograd;
import dmdx.nn.torch.Ops;
import dmdx.nn.torch.Scope;
import dmdx.nn.weights.ForwardPass;
import dmdx.nn.weights.Noise;
import dmdx.nn.weights.SafetensorsFile;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.ServiceLoader;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@SuppressWarnings("try") // resources that act by being open
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
      Set<String> read = new HashSet<>();
      dmdx.api.network.Weights spy =
          new dmdx.api.network.Weights() {
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
      NDArray x = Noise.of(1).gaussian(manager, new Shape(1, 3, 32, 32));
      assertEquals(2, backbone.features(ForwardPass.of(spy, manager), x, null, null).size());
      assertTrue(read.stream().anyMatch(n -> n.startsWith("encoder.layer.1.")));
      assertTrue(
          read.stream()
              .noneMatch(n -> n.startsWith("encoder.layer.2.") || n.startsWith("layernorm")),
          read.toString());
    }
  }

  @Test
  void hands_gradients_to_pictures_of_any_size_and_keeps_memory_flat() {
    try (DiscriminatorBackbone backbone = open(PLAIN, "layers = [2, 3], image-size = 42")) {
      for (Shape shape : List.of(new Shape(2, 3, 20, 24), new Shape(1, 3, 90, 70))) {
        NDArray x = Noise.of(shape).gaussian(manager, shape);
        List<Integer> owned = new ArrayList<>();
        for (int step = 0; step < 4; step++) {
          try (Scope scope = new Scope();
              Autograd.Mode recording = Autograd.recording()) {
            NDArray leaf = Autograd.leaf(x);
            List<NDArray> features =
                backbone.features(ForwardPass.of(backbone.weights(), manager), leaf, null, null);
            assertEquals(new Shape(shape.get(0), 24, 6, 6), features.get(1).getShape());
            Autograd.backward(features.get(0).square().mean().add(features.get(1).mean()));
            NDArray gradient = Objects.requireNonNull(Autograd.gradient(leaf));
            assertEquals(shape, gradient.getShape());
            // every pixel counts
            assertEquals(0, gradient.eq(0).countNonzero().getLong());
          }
          owned.add(manager.getManagedArrays().size());
        }
        assertEquals(owned.get(1), owned.get(3), owned.toString());
      }
    }
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
    Dinov2BackboneTests.class.getModule().addUses(BackboneProvider.class);
    BackboneProvider provider =
        ServiceLoader.load(BackboneProvider.class, Dinov2BackboneTests.class.getClassLoader())
            .findFirst()
            .orElseThrow();
    assertEquals("dinov2", provider.name());
    return provider.open(
        folder,
        Settings.of(
            ConfigFactory.parseString(settings).withFallback(provider.defaults()), Path.of(".")));
  }
}
