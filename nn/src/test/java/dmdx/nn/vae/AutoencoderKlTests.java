package dmdx.nn.vae;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import com.fasterxml.jackson.databind.ObjectMapper;
import dmdx.api.CheckpointException;
import dmdx.api.Precision;
import dmdx.nn.parity.GoldenCases;
import dmdx.nn.parity.ParityCase;
import dmdx.nn.parity.ParityReport;
import dmdx.nn.torch.Scope;
import dmdx.nn.weights.CheckpointWeights;
import dmdx.nn.weights.DType;
import dmdx.nn.weights.ForwardPass;
import dmdx.nn.weights.ModelConfig;
import dmdx.nn.weights.Noise;
import dmdx.nn.weights.SafetensorsWriter;
import dmdx.nn.weights.TrainableWeights;
import java.io.IOException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class AutoencoderKlTests {
  private static final AutoencoderKlConfig TINY =
      new AutoencoderKlConfig(3, 3, List.of(4, 8), 1, 2, 2, 0.5, 0.25, true, true, true);

  static Stream<ParityCase> cases() {
    return GoldenCases.of("autoencoder-kl");
  }

  @ParameterizedTest
  @MethodSource("cases")
  void matches_the_reference_in_values_and_gradients(ParityCase golden) {
    GoldenCases.passed(golden, new AutoencoderKlReference());
  }

  @Test
  void a_case_may_have_the_former_attention_names(@TempDir Path folder) throws IOException {
    GoldenCases.passed(
        GoldenCases.renamed(
            "autoencoder-kl/sdxl-vae-tiny",
            name ->
                name.replaceFirst("(attentions\\.0\\.)to_out\\.0", "$1proj_attn")
                    .replaceFirst("(attentions\\.0\\.)to_q", "$1query")
                    .replaceFirst("(attentions\\.0\\.)to_k", "$1key")
                    .replaceFirst("(attentions\\.0\\.)to_v", "$1value"),
            folder),
        new AutoencoderKlReference());
  }

  @Test
  void has_the_parameters_of_the_published_autoencoders() {
    List<Integer> channels = List.of(128, 256, 512, 512);
    AutoencoderKl sdxl =
        AutoencoderKl.of(
            new AutoencoderKlConfig(3, 3, channels, 2, 4, 32, 0.13025, 0, true, true, true));
    AutoencoderKl sd3 =
        AutoencoderKl.of(
            new AutoencoderKlConfig(3, 3, channels, 2, 16, 32, 1.5305, 0.0609, false, false, true));
    assertEquals(83_653_863, sdxl.parameterCount());
    assertEquals(248, sdxl.parameters().size());
    assertEquals(83_819_683, sd3.parameterCount());
    assertEquals(244, sd3.parameters().size());
  }

  @Test
  void unscale_inverts_scale() {
    AutoencoderKl network = AutoencoderKl.of(TINY);
    try (NDManager manager = NDManager.newBaseManager()) {
      NDArray z = manager.create(new float[] {-3, 0.25f, 7});
      assertArrayEquals(new float[] {-1.625f, 0, 3.375f}, network.scale(z).toFloatArray());
      assertArrayEquals(z.toFloatArray(), network.unscale(network.scale(z)).toFloatArray());
    }
  }

  @Test
  void log_variance_is_clamped() {
    AutoencoderKl network = AutoencoderKl.of(TINY);
    try (NDManager manager = NDManager.newBaseManager()) {
      NDArray moments = manager.create(new float[] {1, 2, -100, 100}, new Shape(1, 4, 1, 1));
      assertArrayEquals(new float[] {1, 2}, network.mean(moments).toFloatArray());
      assertArrayEquals(new float[] {-30, 20}, network.logVariance(moments).toFloatArray());
    }
  }

  @Test
  void repeated_passes_leave_no_tensors_behind() {
    AutoencoderKl network = AutoencoderKl.of(TINY);
    try (NDManager manager = NDManager.newBaseManager();
        TrainableWeights weights = TrainableWeights.initialised(network, 1, manager)) {
      roundTrip(network, weights, manager);
      int before = manager.getManagedArrays().size();
      for (int i = 0; i < 5; i++) {
        roundTrip(network, weights, manager);
      }
      assertEquals(before, manager.getManagedArrays().size());
    }
  }

  @Test
  void one_pass_without_an_outer_scope_keeps_only_the_blocks_results() {
    AutoencoderKl network = AutoencoderKl.of(TINY);
    try (NDManager manager = NDManager.newBaseManager();
        TrainableWeights weights = TrainableWeights.initialised(network, 1, manager)) {
      NDArray latents = Noise.of(1).gaussian(manager, new Shape(1, 2, 4, 4));
      int before = manager.getManagedArrays().size();
      network.decode(ForwardPass.of(weights, manager), latents);
      int blocks = 5; // conv_in, middle, two levels, conv_out
      assertEquals(before + blocks, manager.getManagedArrays().size());
    }
  }

  @SuppressWarnings("try") // the scope is only held
  private static void roundTrip(
      AutoencoderKl network, TrainableWeights weights, NDManager manager) {
    try (Scope scope = new Scope()) {
      ForwardPass pass = ForwardPass.of(weights, manager);
      NDArray pixels = Noise.of(2).gaussian(manager, new Shape(2, 3, 8, 6));
      NDArray z = network.mean(network.encodeMoments(pass, pixels));
      assertEquals(new Shape(2, 2, 4, 3), z.getShape());
      assertEquals(pixels.getShape(), network.decode(pass, z).getShape());
    }
  }

  @Test
  void reads_checkpoints_with_the_former_attention_names(@TempDir Path folder) {
    AutoencoderKl network = AutoencoderKl.of(TINY);
    assertEquals(16, network.aliases().size());
    try (NDManager manager = NDManager.newBaseManager();
        TrainableWeights weights = TrainableWeights.initialised(network, 3, manager)) {
      Map<String, NDArray> tensors = new HashMap<>();
      weights
          .names()
          .forEach(n -> tensors.put(network.aliases().getOrDefault(n, n), weights.get(n)));
      assertTrue(tensors.containsKey("decoder.mid_block.attentions.0.proj_attn.weight"));
      Path file = folder.resolve("diffusion_pytorch_model.safetensors");
      SafetensorsWriter.write(file, tensors, Map.of(), DType.F32);
      try (CheckpointWeights old =
          CheckpointWeights.open(
              folder,
              "diffusion_pytorch_model",
              null,
              network,
              network.aliases(),
              name -> false,
              manager)) {
        for (String name : weights.names()) {
          assertArrayEquals(weights.get(name).toFloatArray(), old.get(name).toFloatArray(), name);
        }
      }
      assertThrows(
          CheckpointException.class,
          () ->
              CheckpointWeights.open(
                  folder, "diffusion_pytorch_model", null, network, name -> false, manager));
    }
  }

  @ParameterizedTest
  @org.junit.jupiter.params.provider.CsvSource(
      delimiter = '|',
      value = {
        "{\"act_fn\": \"relu\"} | act_fn",
        "{\"down_block_types\": [\"AttnDownEncoderBlock2D\"]} | down_block_types",
        "{\"up_block_types\": [\"UpDecoderBlock2D\", \"UpDecoderBlock2D\"]} | up_block_types",
        "{\"latents_mean\": [1.0]} | latents_mean",
        "{\"norm_num_groups\": 7} | norm_num_groups",
        "{\"scaling_factor\": 0} | scaling_factor"
      })
  void rejects_what_it_does_not_support(String json, String key) throws Exception {
    ModelConfig config =
        ModelConfig.of(new ObjectMapper().readTree(json), Path.of("vae", "config.json"));
    String message =
        assertThrows(CheckpointException.class, () -> AutoencoderKlConfig.from(config))
            .getMessage();
    assertTrue(
        String.valueOf(message).startsWith("vae/config.json")
            && String.valueOf(message).contains(key),
        message);
  }

  @Test
  void rejects_latents_of_another_width() {
    AutoencoderKl network = AutoencoderKl.of(TINY);
    try (NDManager manager = NDManager.newBaseManager();
        TrainableWeights weights = TrainableWeights.initialised(network, 1, manager)) {
      NDArray latents = manager.zeros(new Shape(1, 4, 4, 4));
      ForwardPass pass = ForwardPass.of(weights, manager);
      String message =
          assertThrows(IllegalArgumentException.class, () -> network.decode(pass, latents))
              .getMessage();
      assertTrue(String.valueOf(message).contains("expected [B, 2, H, W]"), message);
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
