package dmdx.nn.pipeline;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import dmdx.api.ImageSize;
import dmdx.api.network.Pass;
import dmdx.nn.vae.AutoencoderKlCogVideoX;
import dmdx.nn.vae.AutoencoderKlCogVideoXConfig;
import dmdx.nn.vae.Tiling;
import dmdx.nn.weights.ForwardPass;
import dmdx.nn.weights.Noise;
import dmdx.nn.weights.TrainableWeights;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class VideoLatentCodecTests {
  private static VideoLatentCodec codec(int latentChannels, List<Integer> channels, int layers) {
    return new VideoLatentCodec(
        AutoencoderKlCogVideoX.of(
            new AutoencoderKlCogVideoXConfig(
                3, 3, channels, layers, latentChannels, 4, 1e-6, 4, 0.5)),
        "CogVideoX",
        2);
  }

  private static final VideoLatentCodec TINY = codec(2, List.of(4, 4, 8, 8), 1);

  @Test
  void a_clip_has_the_published_latents() {
    VideoLatentCodec published = codec(16, List.of(128, 256, 256, 512), 3);
    assertEquals(8, published.stride());
    assertEquals("vae", published.component());
    assertEquals(
        new Shape(2, 16, 13, 60, 90), published.latentShape(2, new ImageSize(480, 720, 49)));
    assertEquals(new Shape(1, 16, 1, 60, 90), published.latentShape(1, new ImageSize(480, 720, 1)));
  }

  @ParameterizedTest
  @CsvSource({"48, 32, 32", "13, 32, 32", "9, 24, 32", "9, 32, 40"})
  void says_which_clips_there_are(int frames, int height, int width) {
    ImageSize size = new ImageSize(height, width, frames);
    String below = frames == 48 ? "41 or 49" : "9 or 17";
    assertEquals(
        ("%d frames of %dx%d: CogVideoX makes clips of 8 k + 1 frames, for instance %s, whose"
                + " sides are multiples of 16")
            .formatted(frames, height, width, below),
        assertThrows(IllegalArgumentException.class, () -> TINY.latentShape(1, size)).getMessage());
  }

  @ParameterizedTest
  @CsvSource({"1", "9", "17"})
  void decodes_to_as_many_pixels_as_were_encoded(int frames) {
    try (NDManager manager = NDManager.newBaseManager();
        TrainableWeights weights = TrainableWeights.initialised(TINY.network(), 1, manager)) {
      Pass pass = ForwardPass.of(weights, manager);
      NDArray pixels = Noise.of(1).gaussian(manager, new Shape(1, 3, frames, 16, 32));
      NDArray latents = TINY.encode(pass, pixels);
      assertEquals(TINY.latentShape(1, new ImageSize(16, 32, frames)), latents.getShape());
      assertEquals(pixels.getShape(), TINY.decode(pass, latents).getShape());

      AutoencoderKlCogVideoX network = TINY.network();
      NDArray moments = network.encodeMoments(pass, pixels);
      assertArrayEquals(
          network.mean(moments).mul(0.5f).toFloatArray(), latents.toFloatArray(), 1e-7f);
    }
  }

  @Test
  void tiles_on_request() {
    VideoLatentCodec tiled =
        new VideoLatentCodec(TINY.network(), "CogVideoX", 2, new Tiling(24, 8));
    try (NDManager manager = NDManager.newBaseManager();
        TrainableWeights weights = TrainableWeights.initialised(TINY.network(), 1, manager)) {
      Pass pass = ForwardPass.of(weights, manager);
      NDArray pixels = Noise.of(1).gaussian(manager, new Shape(1, 3, 1, 16, 48));
      NDArray latents = tiled.encode(pass, pixels);
      assertEquals(new Shape(1, 2, 1, 2, 6), latents.getShape());
      NDArray whole = TINY.decode(pass, latents);
      NDArray byTiles = tiled.decode(pass, latents);
      assertEquals(pixels.getShape(), byTiles.getShape());
      double largest = whole.abs().max().getFloat();
      double difference = whole.sub(byTiles).abs().max().getFloat();
      assertTrue(difference > 0 && difference < 2 * largest, "difference " + difference);
    }
  }
}
