package dmdx.nn.vae;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import com.fasterxml.jackson.databind.ObjectMapper;
import dmdx.api.CheckpointException;
import dmdx.api.Precision;
import dmdx.api.network.Pass;
import dmdx.nn.parity.GoldenCases;
import dmdx.nn.parity.ParityCase;
import dmdx.nn.parity.ParityReport;
import dmdx.nn.torch.Ops;
import dmdx.nn.weights.ForwardPass;
import dmdx.nn.weights.ModelConfig;
import dmdx.nn.weights.Noise;
import dmdx.nn.weights.TrainableWeights;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

class AutoencoderKlCogVideoXTests {
  private static final AutoencoderKlCogVideoX TINY =
      AutoencoderKlCogVideoX.of(
          new AutoencoderKlCogVideoXConfig(3, 3, List.of(4, 8), 1, 2, 2, 1e-6, 2, 0.5));

  static Stream<ParityCase> cases() {
    return GoldenCases.of("autoencoder-kl-cogvideox");
  }

  @ParameterizedTest
  @MethodSource("cases")
  void matches_the_reference_in_values_and_gradients(ParityCase golden) {
    GoldenCases.passed(golden, new AutoencoderKlReference());
  }

  @Test
  void has_the_parameters_of_the_published_autoencoder() {
    AutoencoderKlCogVideoX network =
        AutoencoderKlCogVideoX.of(
            new AutoencoderKlCogVideoXConfig(
                3, 3, List.of(128, 256, 256, 512), 3, 16, 32, 1e-6, 4, 1.15258426));
    assertEquals(215_583_907, network.parameterCount());
    assertEquals(436, network.parameters().size());
    assertEquals(92_215_456, count(network, "encoder."));
    assertEquals(123_368_451, count(network, "decoder."));
  }

  private static long count(AutoencoderKlCogVideoX network, String half) {
    return network.parameters().stream()
        .filter(p -> p.name().startsWith(half))
        .mapToLong(p -> p.shape().size())
        .sum();
  }

  @Test
  void a_decoding_leaves_only_its_result_behind() {
    try (NDManager manager = NDManager.newBaseManager();
        TrainableWeights weights = TrainableWeights.initialised(TINY, 1, manager)) {
      Pass pass = ForwardPass.of(weights, manager);
      NDArray latents = Noise.of(1).gaussian(manager, new Shape(1, 2, 5, 2, 3));
      int before = manager.getManagedArrays().size();
      NDArray video = TINY.decode(pass, latents);
      assertEquals(new Shape(1, 3, 9, 4, 6), video.getShape());
      assertEquals(before + 1, manager.getManagedArrays().size());
      TINY.encodeMoments(pass, video);
      assertEquals(before + 2, manager.getManagedArrays().size());
    }
  }

  /** Without gradients, the bytes held when a chunk is half through, but for finished frames. */
  @Test
  void the_memory_of_a_chunk_does_not_grow_with_the_clip() {
    try (NDManager manager = NDManager.newBaseManager();
        TrainableWeights weights = TrainableWeights.initialised(TINY, 1, manager)) {
      List<Long> held = new ArrayList<>();
      Pass pass = new Watched(ForwardPass.of(weights, manager), "decoder.up_blocks.1", held);
      NDArray latents = Noise.of(1).gaussian(manager, new Shape(1, 2, 16, 2, 3));
      TINY.decode(pass, latents);
      long finished = 3 * 4 * 4 * 6 * Float.BYTES; // 4 frames of 4x6 pixels
      long slice = 2 * 2 * 2 * 3 * Float.BYTES; // a view of a chunk's latents
      assertEquals(8, held.size());
      for (int chunk = 2; chunk < 8; chunk++) {
        assertEquals(held.get(1) + (chunk - 1) * (finished + slice), held.get(chunk));
      }
    }
  }

  /** Notes how many bytes the manager holds whenever a block begins. */
  private record Watched(ForwardPass inner, String block, List<Long> held) implements Pass {
    @Override
    public NDManager scope() {
      return inner.scope();
    }

    @Override
    public NDArray weight(String name) {
      return inner.weight(name);
    }

    @Override
    public NDArray block(String name, Block body, NDArray... inputs) {
      return inner.block(name, (p, in) -> body.forward(this, in), inputs);
    }

    @Override
    public NDList multiBlock(String name, MultiBlock body, NDArray... inputs) {
      return inner.multiBlock(name, (p, in) -> body.forward(this, in), inputs);
    }

    @Override
    public NDArray group(String name, Block body, NDArray... inputs) {
      if (name.equals(block)) {
        held.add(
            scope().getManagedArrays().stream()
                .filter(x -> !x.isReleased())
                .mapToLong(x -> x.size() * x.getDataType().getNumOfBytes())
                .sum());
      }
      return inner.group(name, (p, in) -> body.forward(this, in), inputs);
    }

    @Override
    public NDArray tap(String name, NDArray value) {
      return inner.tap(name, value);
    }
  }

  @Test
  void frames_do_not_depend_on_later_chunks() {
    try (NDManager manager = NDManager.newBaseManager();
        TrainableWeights weights = TrainableWeights.initialised(TINY, 1, manager)) {
      Pass pass = ForwardPass.of(weights, manager);
      NDArray latents = Noise.of(1).gaussian(manager, new Shape(1, 2, 7, 2, 2));
      NDArray whole = TINY.decode(pass, latents);
      NDArray beginning = TINY.decode(pass, Ops.slice(latents, 2, 0, 5));
      assertArrayEquals(beginning.toFloatArray(), Ops.slice(whole, 2, 0, 9).toFloatArray(), 1e-6f);

      NDArray alone = TINY.decode(pass, Ops.slice(latents, 2, 5, 7));
      assertNotEquals(alone.getFloat(0, 0, 0, 0, 0), whole.getFloat(0, 0, 9, 0, 0), 1e-4f);
    }
  }

  @ParameterizedTest
  @CsvSource({
    "13, 2, 3 2 2 2 2 2",
    "3, 2, 3",
    "4, 2, 2 2",
    "1, 2, 1",
    "49, 8, 9 8 8 8 8 8",
    "9, 8, 9",
    "17, 8, 9 8",
    "20, 8, 12 8",
    "5, 8, 5"
  })
  void clips_are_cut_as_the_reference_cuts_them(int frames, int together, String sizes) {
    List<FrameRange> chunks = FrameRange.chunks(frames, together);
    assertEquals(
        sizes,
        String.join(" ", chunks.stream().map(c -> String.valueOf(c.to() - c.from())).toList()));
    assertEquals(0, chunks.get(0).from());
    for (int i = 1; i < chunks.size(); i++) {
      assertEquals(chunks.get(i - 1).to(), chunks.get(i).from());
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{\"act_fn\": \"relu\"} | act_fn",
        "{\"down_block_types\": [\"DownEncoderBlock2D\"]} | down_block_types",
        "{\"use_quant_conv\": true} | use_quant_conv",
        "{\"invert_scale_latents\": true} | invert_scale_latents",
        "{\"norm_num_groups\": 7} | norm_num_groups",
        "{\"norm_eps\": 0} | norm_eps",
        "{\"temporal_compression_ratio\": 3} | temporal_compression_ratio",
        "{\"temporal_compression_ratio\": 16} | temporal_compression_ratio",
        "{\"scaling_factor\": 0} | scaling_factor"
      })
  void rejects_what_it_does_not_support(String json, String key) throws Exception {
    ModelConfig config =
        ModelConfig.of(new ObjectMapper().readTree(json), Path.of("vae", "config.json"));
    String message =
        assertThrows(CheckpointException.class, () -> AutoencoderKlCogVideoXConfig.from(config))
            .getMessage();
    assertTrue(
        String.valueOf(message).startsWith("vae/config.json")
            && String.valueOf(message).contains(key),
        message);
  }

  @Test
  void rejects_pictures() {
    try (NDManager manager = NDManager.newBaseManager();
        TrainableWeights weights = TrainableWeights.initialised(TINY, 1, manager)) {
      NDArray picture = manager.zeros(new Shape(1, 3, 4, 4));
      Pass pass = ForwardPass.of(weights, manager);
      String message =
          assertThrows(IllegalArgumentException.class, () -> TINY.encodeMoments(pass, picture))
              .getMessage();
      assertTrue(String.valueOf(message).contains("expected [B, 3, T, H, W]"), message);
    }
  }

  @ParameterizedTest
  @MethodSource("cases")
  void computes_in_bfloat16(ParityCase golden) {
    try (NDManager manager = NDManager.newBaseManager()) {
      ParityReport report = golden.check(new AutoencoderKlReference(), Precision.BF16, manager);
      assertTrue(report.passed(), report::toString);
      assertTrue(report.worst("out") > 1e-4, "float32 is no test of bfloat16");
    }
  }
}
