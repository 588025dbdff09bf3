package dmdx.losses;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import com.typesafe.config.ConfigFactory;
import dmdx.api.DiscriminatorHeads;
import dmdx.api.FeatureTap;
import dmdx.api.network.ParameterSpec;
import dmdx.api.network.Pass;
import dmdx.api.settings.Settings;
import dmdx.api.settings.SettingsException;
import dmdx.nn.layer.Parameters;
import dmdx.nn.torch.Autograd;
import dmdx.nn.torch.Ops;
import dmdx.nn.torch.Scope;
import dmdx.nn.weights.ForwardPass;
import dmdx.nn.weights.Leaves;
import dmdx.nn.weights.Noise;
import dmdx.nn.weights.TrainableWeights;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@SuppressWarnings("try") // resources that act by being open
class ConvHeadsTests {
  private final NDManager manager = NDManager.newBaseManager();

  @AfterEach
  void close() {
    manager.close();
  }

  @ParameterizedTest
  @CsvSource({
    "64, 64, 4, 4",
    "16, 16, 1, 1",
    "8, 8, 1, 1",
    "4, 4, 1, 1",
    "2, 2, 1, 1",
    "1, 1, 1, 1",
    "17, 33, 1, 2",
    "1, 40, 1, 40"
  })
  void halves_maps_down_to_a_single_position(int height, int width, int rows, int columns) {
    DiscriminatorHeads heads = heads("groups = 4", List.of(tap("a", 16)), size(height, width));
    try (TrainableWeights weights = TrainableWeights.initialised(heads, 1, manager)) {
      NDArray x = Noise.of(1).gaussian(manager, new Shape(2, 16, height, width));
      List<NDArray> fresh = heads.logits(ForwardPass.of(weights, manager), List.of(x));
      assertEquals(0, fresh.get(0).abs().max().getFloat(), "a fresh head has an opinion");
      weights.get("heads.0.output.weight").addi(0.1f);
      List<NDArray> logits = heads.logits(ForwardPass.of(weights, manager), List.of(x));
      assertEquals(1, logits.size());
      assertEquals(new Shape(2, 1, rows, columns), logits.get(0).getShape());
      float[] values = logits.get(0).toFloatArray();
      assertTrue(Math.abs(values[0] - values[values.length - 1]) > 1e-6, "logits ignore the input");
    }
  }

  @Test
  void names_and_counts_parameters_as_documented() {
    DiscriminatorHeads heads =
        heads("", List.of(tap("a", 320), tap("b", 64)), size(32, 32), size(8, 8));
    List<String> names = heads.parameters().stream().map(ParameterSpec::name).toList();
    assertEquals(2 * (4 * 4 + 2), names.size());
    assertEquals("heads.0.blocks.0.conv.weight", names.get(0));
    assertEquals("heads.0.blocks.0.norm.bias", names.get(3));
    assertEquals("heads.1.output.bias", names.get(names.size() - 1));
    long first = 16L * 320 * 256 + 3 * 16L * 256 * 256 + 4 * 3 * 256 + 256 + 1;
    long second = 3 * 16L * 64 * 64 + 9L * 64 * 64 + 4 * 3 * 64 + 64 + 1;
    assertEquals(first + second, heads.parameterCount());
  }

  @Test
  void reports_every_tap_that_does_not_fit() {
    Exception error =
        assertThrows(
            IllegalArgumentException.class,
            () ->
                heads(
                    "",
                    List.of(tap("odd", 48), tap("flat", 32), tap("gone", 64), tap("good", 64)),
                    size(16, 16),
                    size(4, 4),
                    size(0, 4),
                    size(4, 4)));
    String message = String.valueOf(error.getMessage());
    List<String> lines = message.lines().toList();
    assertEquals(3, lines.size(), message);
    assertEquals(
        "conv heads: tap 'odd' gives a hidden width of 48, which 'groups' = 32 does not divide."
            + " Set 'groups' to a divisor, or 'channels' to a multiple of it.",
        lines.get(0));
    assertEquals(
        "conv heads: tap 'flat' has a map of 4x4, which its head shrinks to 1x1; with 32 channels"
            + " in 32 groups each group is a single value, and its norm would erase it. Use fewer"
            + " 'groups', fewer blocks or a larger picture.",
        lines.get(1));
    assertTrue(lines.get(2).contains("tap 'gone' has no positions (0x4)"), lines.get(2));
  }

  @ParameterizedTest
  @CsvSource({"5, 32, 32, 4, 4", "1, 9, 17, 2, 3", "3, 1, 40, 1, 5", "2, 1, 1, 1, 1"})
  void videos_get_a_map_per_frame(int frames, int height, int width, int rows, int columns) {
    DiscriminatorHeads heads =
        heads("groups = 2", List.of(video("v", 8)), new long[] {frames, height, width});
    try (TrainableWeights weights = TrainableWeights.initialised(heads, 1, manager)) {
      weights.get("heads.0.output.weight").addi(0.1f);
      NDArray x = Noise.of(1).gaussian(manager, new Shape(2, 8, frames, height, width));
      NDArray logits = heads.logits(ForwardPass.of(weights, manager), List.of(x)).get(0);
      assertEquals(new Shape(2, 1, frames, rows, columns), logits.getShape());
    }
  }

  @Test
  void a_frame_sees_as_many_neighbours_as_there_are_blocks() {
    try (Autograd.Mode recording = Autograd.recording()) {
      ConvHeadsSettings settings = new ConvHeadsSettings(4, 2, 8, 2, 1, true);
      VideoConvHead head = VideoConvHead.of("h", video("v", 8), new long[] {9, 8, 8}, settings);
      try (TrainableWeights weights =
          TrainableWeights.initialised(() -> new Parameters().add(head).list(), 1, manager)) {
        Pass pass = ForwardPass.of(weights, manager);
        NDArray leaf = Autograd.leaf(Noise.of(1).gaussian(manager, new Shape(1, 8, 9, 8, 8)));
        NDArray y = leaf;
        for (VideoBlock block : head.blocks()) { // without norms, which see all frames
          y = VideoConvHead.frameByFrame(pass, block.frame(), block.volume().forward(pass, y));
        }
        assertEquals(new Shape(1, 8, 9, 2, 2), y.getShape());
        Autograd.backward(Ops.slice(y, 2, 4, 5).sum());
        NDArray seen =
            Objects.requireNonNull(Autograd.gradient(leaf)).abs().sum(new int[] {0, 1, 3, 4});
        float[] frames = seen.toFloatArray();
        for (int f = 0; f < 9; f++) {
          assertEquals(Math.abs(f - 4) <= 2, frames[f] > 0, "frame " + f);
        }
      }
    }
  }

  @Test
  void a_video_head_is_named_and_counted_as_documented() {
    DiscriminatorHeads heads = heads("", List.of(video("v", 320)), new long[] {2, 32, 32});
    List<String> names = heads.parameters().stream().map(ParameterSpec::name).toList();
    assertEquals("heads.0.blocks.0.volume.weight", names.get(0));
    assertEquals("heads.0.blocks.0.frame.weight", names.get(2));
    assertEquals("heads.0.blocks.1.norm.weight", names.get(10));
    assertEquals(3 * 6 + 2, names.size());
    long cubes = 27L * 320 * 256 + 2 * 27L * 256 * 256;
    assertEquals(cubes + 3 * 9L * 256 * 256 + 3 * 4 * 256 + 256 + 1, heads.parameterCount());
  }

  @Test
  void small_maps_can_be_refused_and_logits_see_neighbours() {
    String message =
        String.valueOf(
            assertThrows(
                    IllegalArgumentException.class,
                    () -> heads("small-maps = refuse", List.of(tap("a", 64)), size(8, 8)))
                .getMessage());
    assertEquals(
        "conv heads: tap 'a' has a map of 8x8, too small to be halved by 4 blocks. Use fewer blocks,"
            + " or set 'small-maps' to keep.",
        message);
    heads("small-maps = refuse", List.of(tap("a", 64)), size(16, 16));
    DiscriminatorHeads wide = heads("logit-kernel = 3", List.of(tap("a", 64)), size(16, 16));
    DiscriminatorHeads narrow = heads("", List.of(tap("a", 64)), size(16, 16));
    assertEquals(narrow.parameterCount() + 8 * 64, wide.parameterCount());
  }

  @Test
  void rejects_vectors_misfits_and_unknown_settings() {
    FeatureTap vector = new FeatureTap("pooler", 64, 1, 0);
    Exception error =
        assertThrows(
            IllegalArgumentException.class,
            () ->
                heads(
                    "",
                    List.of(vector, video("v", 48), video("w", 64), tap("flat", 64)),
                    new long[0],
                    new long[] {4, 16, 16},
                    new long[] {0, 16, 16},
                    new long[] {2, 16, 16}));
    List<String> lines = String.valueOf(error.getMessage()).lines().toList();
    assertEquals(
        "conv heads: tap 'pooler' is a vector, not a map. Set 'heads' to mlp.", lines.get(0));
    assertTrue(lines.get(1).contains("'v' gives a hidden width of 48"), lines.get(1));
    assertTrue(lines.get(2).contains("'w' has no positions (0x16x16)"), lines.get(2));
    assertTrue(lines.get(3).contains("'flat' has 2 dimensions, but a size of 3"), lines.get(3));
    assertThrows(
        SettingsException.class, () -> heads("group = 4", List.of(tap("a", 64)), size(16, 16)));
  }

  @Test
  void every_weight_gets_a_gradient_and_memory_stays_flat() {
    DiscriminatorHeads heads =
        heads(
            "groups = 4",
            List.of(tap("a", 16), tap("b", 8), video("c", 8)),
            size(16, 16),
            size(4, 4),
            new long[] {3, 8, 8});
    HingeLoss hinge = new HingeLoss();
    NDArray a = Noise.of("a").gaussian(manager, new Shape(2, 16, 16, 16));
    NDArray b = Noise.of("b").gaussian(manager, new Shape(2, 8, 4, 4));
    NDArray c = Noise.of("c").gaussian(manager, new Shape(2, 8, 3, 8, 8));
    try (TrainableWeights weights = TrainableWeights.initialised(heads, 1, manager)) {
      List<Integer> owned = new ArrayList<>();
      for (int step = 0; step < 4; step++) {
        try (Scope scope = new Scope();
            Autograd.Mode recording = Autograd.recording();
            Leaves leaves = weights.leaves()) {
          List<NDArray> logits = heads.logits(ForwardPass.of(leaves, manager), List.of(a, b, c));
          Autograd.backward(hinge.generator(logits));
          for (String name : leaves.names()) {
            assertNotNull(Autograd.gradient(leaves.get(name)), name);
          }
        }
        owned.add(manager.getManagedArrays().size());
      }
      assertEquals(owned.get(0), owned.get(3), owned.toString());
    }
  }

  private static FeatureTap video(String name, int channels) {
    return new FeatureTap(name, channels, 1, 3);
  }

  private static FeatureTap tap(String name, int channels) {
    return new FeatureTap(name, channels, 1, 2);
  }

  private static long[] size(long height, long width) {
    return new long[] {height, width};
  }

  private static DiscriminatorHeads heads(String settings, List<FeatureTap> taps, long[]... sizes) {
    ConvHeadsProvider provider = new ConvHeadsProvider();
    return provider.create(
        taps,
        List.of(sizes),
        Settings.of(
            ConfigFactory.parseString(settings).withFallback(provider.defaults()), Path.of(".")));
  }
}
