package dmdx.nn.vae;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import dmdx.nn.torch.Autograd;
import dmdx.nn.torch.Ops;
import dmdx.nn.weights.ForwardPass;
import dmdx.nn.weights.MapWeights;
import dmdx.nn.weights.Noise;
import dmdx.nn.weights.TrainableWeights;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TilingTests {
  private static final AutoencoderKlCogVideoX TINY =
      AutoencoderKlCogVideoX.of(
          new AutoencoderKlCogVideoXConfig(3, 3, List.of(4, 8), 1, 2, 2, 1e-6, 2, 0.5));

  private final NDManager manager = NDManager.newBaseManager();
  private final ForwardPass nothing = ForwardPass.of(new MapWeights("nothing", Map.of()), manager);

  @AfterEach
  void free() {
    manager.close();
  }

  @ParameterizedTest
  @CsvSource({"8, 4, 16, 22", "8, 0, 10, 16", "8, 6, 9, 30", "16, 4, 30, 6", "4, 2, 7, 8"})
  void a_network_that_looks_at_one_place_only_gives_what_it_gives_on_the_frame(
      int size, int overlap, long height, long width) {
    NDArray latents = Noise.of(1).gaussian(manager, new Shape(2, 3, 2, height, width));
    NDArray whole = doubled(latents);
    NDArray tiled =
        new Tiling(size, overlap).run(nothing, latents, 2, 1, 2, (p, tile) -> doubled(tile));
    assertEquals(whole.getShape(), tiled.getShape());
    assertArrayEquals(whole.toFloatArray(), tiled.toFloatArray(), 1e-6f);

    NDArray back =
        new Tiling(size, overlap)
            .run(nothing, whole, 2, 2, 1, (p, tile) -> tile.get("..., ::2, ::2"));
    assertArrayEquals(latents.toFloatArray(), back.toFloatArray(), 1e-6f);
  }

  private static NDArray doubled(NDArray x) {
    Shape s = x.getShape();
    return Ops.resizeNearest(x, s.get(2), 2 * s.get(3), 2 * s.get(4));
  }

  @Test
  void tiles_that_disagree_meet_without_a_seam() {
    NDArray latents = manager.zeros(new Shape(1, 1, 1, 12, 20));
    int[] tiles = {0};
    NDArray tiled =
        new Tiling(16, 8)
            .run(
                nothing,
                latents,
                2,
                1,
                2,
                (p, tile) -> doubled(tile).add((float) (tiles[0]++ % 4)));
    assertEquals(8, tiles[0]); // two rows of four, which add 0, 1, 2 and 3
    float[] row = tiled.get("0, 0, 0, 11").toFloatArray();
    assertEquals(0, row[0]);
    assertEquals(3, row[row.length - 1]);
    for (int i = 1; i < row.length; i++) {
      assertTrue(row[i] >= row[i - 1] && row[i] - row[i - 1] <= 0.2, "at " + i);
    }
  }

  @Test
  void a_tile_as_large_as_the_frame_changes_nothing() {
    try (TrainableWeights weights = TrainableWeights.initialised(TINY, 1, manager)) {
      ForwardPass pass = ForwardPass.of(weights, manager);
      NDArray latents = Noise.of(1).gaussian(manager, new Shape(1, 2, 3, 4, 6));
      NDArray whole = TINY.decode(pass, latents);
      assertArrayEquals(
          whole.toFloatArray(), new Tiling(12, 4).decode(TINY, pass, latents).toFloatArray());
      assertArrayEquals(
          TINY.encodeMoments(pass, whole).toFloatArray(),
          new Tiling(12, 4).encodeMoments(TINY, pass, whole).toFloatArray());
    }
  }

  @Test
  void smaller_tiles_give_the_same_size_and_gradients_and_leave_nothing_behind() {
    try (TrainableWeights weights = TrainableWeights.initialised(TINY, 1, manager)) {
      ForwardPass pass = ForwardPass.of(weights, manager);
      Tiling tiling = new Tiling(8, 4);
      NDArray latents = Noise.of(1).gaussian(manager, new Shape(1, 2, 3, 6, 8));
      int before = manager.getManagedArrays().size();
      NDArray video = tiling.decode(TINY, pass, latents);
      assertEquals(before + 1, manager.getManagedArrays().size());
      assertEquals(new Shape(1, 3, 5, 12, 16), video.getShape());
      assertEquals(new Shape(1, 4, 3, 6, 8), tiling.encodeMoments(TINY, pass, video).getShape());
      assertNotEquals(
          0, video.sub(TINY.decode(pass, latents)).abs().max().getFloat()); // norms see less

      try (Autograd.Mode recording = Autograd.recording()) {
        NDArray leaf = Autograd.leaf(latents);
        Autograd.backward(tiling.decode(TINY, pass, leaf).square().sum());
        NDArray gradient = Autograd.gradient(leaf);
        assertNotNull(gradient);
        assertTrue(gradient.abs().min().getFloat() > 0);
      }
    }
  }

  @Test
  void rejects_sizes_that_cannot_be() {
    assertThrows(IllegalArgumentException.class, () -> new Tiling(16, 16));
    assertThrows(IllegalArgumentException.class, () -> new Tiling(16, -2));
    String message =
        assertThrows(
                IllegalArgumentException.class,
                () ->
                    new Tiling(15, 4)
                        .decode(TINY, nothing, manager.zeros(new Shape(1, 2, 1, 2, 2))))
            .getMessage();
    assertTrue(String.valueOf(message).contains("multiples of 2"), message);
  }
}
