package dmdx.teacher.cogvideox.transformer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import dmdx.api.CheckpointException;
import dmdx.api.Conditioning;
import dmdx.api.FeatureTap;
import dmdx.api.Precision;
import dmdx.nn.parity.ParityCase;
import dmdx.nn.parity.ParityReport;
import dmdx.nn.torch.Scope;
import dmdx.nn.weights.ForwardPass;
import dmdx.nn.weights.ModelConfig;
import dmdx.nn.weights.Noise;
import dmdx.nn.weights.SafetensorsFile;
import dmdx.nn.weights.TrainableWeights;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class CogVideoXTransformerTests {
  private static final Path CASES = Path.of("src/test/resources/golden/cogvideox-transformer");

  static List<ParityCase> cases() {
    return ParityCase.find(CASES);
  }

  @ParameterizedTest
  @MethodSource("cases")
  void values_and_gradients_equal_the_reference(ParityCase recorded) {
    CogVideoXTransformerReference provider = new CogVideoXTransformerReference();
    assertTrue(provider.accepts(recorded.config()));
    try (NDManager manager = NDManager.newBaseManager()) {
      ParityReport report = recorded.check(provider.build(recorded.config()), manager);
      assertTrue(report.passed(), report.failures().toString());
      assertTrue(report.rows().size() > 50, "few rows: " + report.rows().size());
    }
  }

  static List<ParityCase> adapted() {
    return ParityCase.find(CASES.resolveSibling("lora"));
  }

  @ParameterizedTest
  @MethodSource("adapted")
  void low_rank_adapters_and_their_gradients_equal_the_reference(ParityCase recorded) {
    try (NDManager manager = NDManager.newBaseManager()) {
      ParityReport report = recorded.check(new CogVideoXTransformerReference(), manager);
      assertTrue(report.passed(), report.failures().toString());
      assertEquals(23, report.rows().size());
    }
  }

  @Test
  void rotary_tables_at_real_sizes_equal_the_reference() {
    RotationReference check = new RotationReference();
    ModelConfig index = ModelConfig.read(CASES.resolve("rope.json"));
    assertTrue(check.accepts(index));
    try (NDManager manager = NDManager.newBaseManager()) {
      ParityReport report = check.check(index, manager);
      assertTrue(report.passed(), () -> report.failures().toString());
      assertEquals(6 * index.json().path("cases").size(), report.rows().size());
    }
  }

  @Test
  void rotary_tables_of_a_forward_pass_are_those_of_the_reference() throws IOException {
    CogVideoXTransformer network = tiny("cogvideox-5b-tiny");
    for (String file : List.of("io.safetensors", "io_resized.safetensors")) {
      try (NDManager manager = NDManager.newBaseManager();
          SafetensorsFile io =
              SafetensorsFile.open(CASES.resolve("cogvideox-5b-tiny").resolve(file));
          TrainableWeights weights = moved(network, manager)) {
        NDArray x = io.read("in.hidden_states", manager).transpose(0, 2, 1, 3, 4);
        NDArray t = io.read("in.timestep", manager);
        Conditioning text =
            new Conditioning(
                Map.of("encoder_hidden_states", io.read("in.encoder_hidden_states", manager)));
        Rotation given =
            new Rotation(io.read("in.freqs_cos", manager), io.read("in.freqs_sin", manager));
        ForwardPass pass = ForwardPass.of(weights, manager);
        NDArray expected = network.forward(pass, x, t, text, network.grid(x.getShape()), given);
        NDArray actual = network.forward(pass, x, t, text);
        assertTrue(actual.sub(expected).abs().max().getFloat() < 1e-6, file);
      }
    }
  }

  @ParameterizedTest
  @CsvSource({"30, 30, false, 1693783872, 736, 10", "42, 48, true, 5570283072, 1024, 14"})
  void the_published_architectures_have_their_published_sizes(
      int layers, int heads, boolean rotary, long count, int tensors, int taps) {
    CogVideoXTransformer network =
        network(
            """
            {"num_layers": %d, "num_attention_heads": %d, "use_rotary_positional_embeddings": %s}
            """
                .formatted(layers, heads, rotary));
    assertEquals(count, network.parameterCount());
    assertEquals(tensors, network.parameters().size());
    assertEquals(taps, network.taps().size());
    assertEquals(new FeatureTap("transformer_blocks.2", 64 * heads, 2, 3), network.taps().get(0));
    assertEquals("transformer_blocks." + (layers - 1), network.taps().get(taps - 1).name());
  }

  @Test
  void taps_have_the_shapes_they_announce() {
    CogVideoXTransformer network = tiny("cogvideox-5b-tiny");
    Set<String> names = network.taps().stream().map(FeatureTap::name).collect(Collectors.toSet());
    assertEquals(Set.of("transformer_blocks.1"), names);
    try (NDManager manager = NDManager.newBaseManager();
        TrainableWeights weights = moved(network, manager)) {
      ForwardPass pass = ForwardPass.recording(weights, manager, names);
      run(network, pass, manager, new Shape(2, 4, 3, 12, 8), 0);
      for (FeatureTap tap : network.taps()) {
        assertEquals(
            new Shape(2, tap.channels(), 3, 12 / tap.stride(), 8 / tap.stride()),
            pass.tap(tap.name()).getShape(),
            tap.name());
      }
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"cogvideox-2b-tiny", "cogvideox-5b-tiny"})
  void a_fresh_network_predicts_zero_and_a_moved_one_tells_times_apart(String name) {
    CogVideoXTransformer network = tiny(name);
    Shape shape = new Shape(2, 4, 2, 8, 8);
    try (NDManager manager = NDManager.newBaseManager();
        TrainableWeights fresh = TrainableWeights.initialised(network, 1, manager);
        TrainableWeights weights = moved(network, manager)) {
      NDArray zero = run(network, ForwardPass.of(fresh, manager), manager, shape, 0);
      assertEquals(shape, zero.getShape());
      assertEquals(0, zero.abs().max().getFloat());
      ForwardPass pass = ForwardPass.of(weights, manager);
      assertNotEquals(
          run(network, pass, manager, shape, 0), run(network, pass, manager, shape, 50));
    }
  }

  @Test
  void memory_is_flat_over_passes() {
    CogVideoXTransformer network = tiny("cogvideox-2b-tiny");
    try (NDManager manager = NDManager.newBaseManager();
        TrainableWeights weights = moved(network, manager)) {
      int before = manager.getManagedArrays().size();
      for (int i = 0; i < 3; i++) {
        try (NDManager memory = manager.newSubManager();
            Scope scope = new Scope()) {
          ForwardPass pass = ForwardPass.of(weights, memory);
          scope.keep(run(network, pass, memory, new Shape(1, 4, 1, 8, 8), 0));
        }
        assertEquals(before, manager.getManagedArrays().size(), "after pass " + i);
      }
    }
  }

  @ParameterizedTest
  @CsvSource({"4, 7, 8", "4, 8, 9", "3, 8, 8"})
  void refuses_latents_it_cannot_cut_into_patches(int channels, int height, int width) {
    CogVideoXTransformer network = tiny("cogvideox-2b-tiny");
    try (NDManager manager = NDManager.newBaseManager();
        TrainableWeights weights = moved(network, manager)) {
      ForwardPass pass = ForwardPass.of(weights, manager);
      Shape shape = new Shape(1, channels, 2, height, width);
      IllegalArgumentException e =
          assertThrows(IllegalArgumentException.class, () -> run(network, pass, manager, shape, 0));
      assertTrue(String.valueOf(e.getMessage()).contains("[B, 4, T, H, W]"), e.toString());
    }
  }

  @Test
  void sine_positions_leave_room_for_one_length_of_text_only() {
    CogVideoXTransformer network = tiny("cogvideox-2b-tiny");
    try (NDManager manager = NDManager.newBaseManager();
        TrainableWeights weights = moved(network, manager)) {
      NDArray x = manager.zeros(new Shape(1, 4, 2, 8, 8));
      Conditioning text =
          new Conditioning(Map.of("encoder_hidden_states", manager.zeros(new Shape(1, 6, 20))));
      IllegalArgumentException e =
          assertThrows(
              IllegalArgumentException.class,
              () ->
                  network.forward(
                      ForwardPass.of(weights, manager), x, manager.ones(new Shape(1)), text));
      assertTrue(String.valueOf(e.getMessage()).contains("max_text_seq_length 7"), e.toString());
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "\"_class_name\": \"SD3Transformer2DModel\"",
        "\"patch_size_t\": 2",
        "\"ofs_embed_dim\": 512",
        "\"use_learned_positional_embeddings\": true",
        "\"activation_fn\": \"gelu\"",
        "\"norm_elementwise_affine\": false",
        "\"attention_head_dim\": 12",
        "\"spatial_interpolation_scale\": 0",
        "\"sample_height\": 1",
        "\"num_layers\": 0"
      })
  void names_file_and_key_of_what_it_cannot_build(String setting) {
    CheckpointException e =
        assertThrows(
            CheckpointException.class,
            () -> network("{\"num_attention_heads\": 2, " + setting + "}"));
    String message = String.valueOf(e.getMessage());
    assertTrue(message.contains(setting.split("\"", -1)[1]), message);
    assertTrue(message.contains("transformer/config.json"), message);
  }

  private static TrainableWeights moved(CogVideoXTransformer network, NDManager manager) {
    TrainableWeights weights = TrainableWeights.initialised(network, 1, manager);
    try (NDArray noise = Noise.of(2).gaussian(manager, weights.flat().getShape())) {
      weights.flat().addi(noise.muli(0.05f));
    }
    return weights;
  }

  private static NDArray run(
      CogVideoXTransformer network, ForwardPass pass, NDManager manager, Shape shape, float later) {
    CogVideoXTransformerConfig config = network.config();
    long rows = shape.get(0);
    Shape textShape = new Shape(rows, config.textLength(), config.contextWidth());
    NDArray text = Noise.of(2).gaussian(manager, textShape);
    NDArray x = Noise.of(1).gaussian(manager, shape);
    NDArray t = manager.full(new Shape(rows), 500 + later);
    return network.forward(pass, x, t, new Conditioning(Map.of("encoder_hidden_states", text)));
  }

  private static CogVideoXTransformer tiny(String name) {
    Path file = CASES.resolve(name).resolve("config.json");
    assertTrue(Files.exists(file), file.toString());
    return new CogVideoXTransformer(CogVideoXTransformerConfig.of(ModelConfig.read(file)));
  }

  private static CogVideoXTransformer network(String json) {
    try {
      Path file = Path.of("transformer/config.json");
      return new CogVideoXTransformer(
          CogVideoXTransformerConfig.of(ModelConfig.of(new ObjectMapper().readTree(json), file)));
    } catch (JsonProcessingException e) {
      throw new IllegalArgumentException(e);
    }
  }

  @ParameterizedTest
  @MethodSource("cases")
  void computes_in_bfloat16(ParityCase golden) {
    try (NDManager manager = NDManager.newBaseManager()) {
      ParityReport report =
          golden.check(new CogVideoXTransformerReference(), Precision.BF16, manager);
      assertTrue(report.passed(), report::toString);
      assertTrue(report.worst("out") > 1e-4, "float32 is no test of bfloat16");
    }
  }

  @ParameterizedTest
  @MethodSource("adapted")
  void adapters_compute_in_bfloat16(ParityCase golden) {
    try (NDManager manager = NDManager.newBaseManager()) {
      ParityReport report =
          golden.check(new CogVideoXTransformerReference(), Precision.BF16, manager);
      assertTrue(report.passed(), report::toString);
      assertTrue(report.worst("out") > 1e-4, "float32 is no test of bfloat16");
    }
  }
}
