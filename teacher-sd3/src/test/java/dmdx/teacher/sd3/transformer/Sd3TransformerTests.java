package dmdx.teacher.sd3.transformer;

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
import dmdx.nn.torch.Autograd;
import dmdx.nn.torch.Scope;
import dmdx.nn.weights.CheckpointWeights;
import dmdx.nn.weights.ForwardPass;
import dmdx.nn.weights.Leaves;
import dmdx.nn.weights.ModelConfig;
import dmdx.nn.weights.Noise;
import dmdx.nn.weights.TrainableWeights;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class Sd3TransformerTests {
  private static final Path CASES = Path.of("src/test/resources/golden/sd3-transformer");
  private static final String TABLE = "pos_embed.pos_embed";

  static List<ParityCase> cases() {
    Path shared = Path.of("../../shared/golden/sd3-transformer");
    return ParityCase.find(Files.isDirectory(shared) ? shared : CASES);
  }

  @ParameterizedTest
  @MethodSource("cases")
  void values_and_gradients_equal_the_reference(ParityCase recorded) {
    Sd3TransformerReference provider = new Sd3TransformerReference();
    assertTrue(provider.accepts(recorded.config()));
    try (NDManager manager = NDManager.newBaseManager()) {
      ParityReport report = recorded.check(provider.build(recorded.config()), manager);
      assertTrue(report.passed(), report.failures().toString());
      assertTrue(report.rows().size() > 25, "few rows: " + report.rows().size());
    }
  }

  static List<ParityCase> adapted() {
    Path shared = Path.of("../../shared/golden/lora");
    Path committed = Path.of("src/test/resources/golden/lora");
    Sd3TransformerReference provider = new Sd3TransformerReference();
    return ParityCase.find(Files.isDirectory(shared) ? shared : committed).stream()
        .filter(recorded -> provider.accepts(recorded.config()))
        .toList();
  }

  @ParameterizedTest
  @MethodSource("adapted")
  void low_rank_adapters_and_their_gradients_equal_the_reference(ParityCase recorded) {
    try (NDManager manager = NDManager.newBaseManager()) {
      ParityReport report = recorded.check(new Sd3TransformerReference(), manager);
      assertTrue(report.passed(), report.failures().toString());
      assertEquals(3, report.rows().stream().filter(row -> row.kind().equals("out")).count());
      assertTrue(report.rows().size() >= 12, "few rows: " + report.rows().size());
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "24 | 1536 | null       | []                       | 192 | 2028328000 | 683 | 56623104",
        "38 | 2432 | \"rms_norm\" | []                       | 192 | 8056627520 | 1227 | 89653248",
        "24 | 1536 | \"rms_norm\" | [0,1,2,3,4,5,6,7,8,9,10,11,12] | 384 | 2243171520 | 909 | 226492416"
      })
  void the_published_architectures_have_their_published_sizes(
      int layers,
      int width,
      String qkNorm,
      String dual,
      int table,
      long count,
      int tensors,
      long positions) {
    Sd3Transformer network =
        network(
            """
            {"num_layers": %1$d, "num_attention_heads": %1$d, "caption_projection_dim": %2$d,
             "qk_norm": %3$s, "dual_attention_layers": %4$s, "pos_embed_max_size": %5$d}
            """
                .formatted(layers, width, qkNorm, dual, table));
    assertEquals(count, network.parameterCount());
    assertEquals(tensors, network.parameters().size());
    assertEquals(
        positions,
        network.parameters().stream()
            .filter(p -> p.name().equals(TABLE))
            .mapToLong(p -> p.shape().size())
            .sum());
    assertEquals(layers, network.taps().size());
    assertEquals(new FeatureTap("transformer_blocks.0", width, 2, 2), network.taps().get(0));
  }

  @Test
  void fresh_positions_are_those_of_the_reference() {
    Path folder = CASES.resolve("sd35-medium-tiny");
    Sd3Transformer network = tiny("sd35-medium-tiny");
    try (NDManager manager = NDManager.newBaseManager();
        TrainableWeights fresh = TrainableWeights.initialised(network, 1, manager);
        CheckpointWeights stored =
            CheckpointWeights.open(
                folder, "diffusion_pytorch_model", null, network, name -> false, manager)) {
      assertTrue(fresh.get(TABLE).sub(stored.get(TABLE)).abs().max().getFloat() < 1e-6);
    }
  }

  @Test
  @SuppressWarnings("try") // scopes and recording states are only held
  void positions_are_never_trained() {
    Sd3Transformer network = tiny("sd3-medium-tiny");
    try (NDManager manager = NDManager.newBaseManager();
        TrainableWeights weights = moved(network, manager);
        NDManager memory = manager.newSubManager();
        Leaves leaves = weights.leaves();
        Scope scope = new Scope();
        Autograd.Mode recording = Autograd.recording()) {
      NDArray y = run(network, ForwardPass.of(leaves, memory), memory, 8, 8, Map.of());
      Autograd.backward(y.square().mean());
      NDArray gradient = leaves.gradient(memory);
      assertEquals(network.parameterCount(), gradient.size());
      assertTrue(gradient.abs().max().getFloat() > 0);
      assertTrue(leaves.names().contains(TABLE) && weights.names().contains(TABLE));
      assertEquals(weights.get(TABLE), leaves.get(TABLE));
    }
  }

  @Test
  void taps_have_the_shapes_they_announce() {
    Sd3Transformer network = tiny("sd35-medium-tiny");
    Set<String> names = network.taps().stream().map(FeatureTap::name).collect(Collectors.toSet());
    try (NDManager manager = NDManager.newBaseManager();
        TrainableWeights weights = moved(network, manager)) {
      ForwardPass pass = ForwardPass.recording(weights, manager, names);
      run(network, pass, manager, 12, 8, Map.of());
      for (FeatureTap tap : network.taps()) {
        assertEquals(
            new Shape(2, tap.channels(), 12 / tap.stride(), 8 / tap.stride()),
            pass.tap(tap.name()).getShape(),
            tap.name());
      }
    }
  }

  @Test
  void a_fresh_network_predicts_zero_and_follows_every_input_once_moved() {
    Sd3Transformer network = tiny("sd3-medium-tiny");
    try (NDManager manager = NDManager.newBaseManager();
        TrainableWeights fresh = TrainableWeights.initialised(network, 1, manager);
        TrainableWeights weights = moved(network, manager)) {
      ForwardPass pass = ForwardPass.of(weights, manager);
      NDArray zero = run(network, ForwardPass.of(fresh, manager), manager, 8, 8, Map.of());
      assertEquals(0, zero.abs().max().getFloat());
      NDArray base = run(network, pass, manager, 8, 8, Map.of());
      for (String name : List.of("encoder_hidden_states", "pooled_projections", "t")) {
        NDArray changed = run(network, pass, manager, 8, 8, Map.of(name, 0.5f));
        assertNotEquals(base, changed, name);
      }
    }
  }

  @Test
  void memory_is_flat_over_passes() {
    Sd3Transformer network = tiny("sd35-medium-tiny");
    try (NDManager manager = NDManager.newBaseManager();
        TrainableWeights weights = moved(network, manager)) {
      int before = manager.getManagedArrays().size();
      for (int i = 0; i < 3; i++) {
        try (NDManager memory = manager.newSubManager();
            Scope scope = new Scope()) {
          scope.keep(run(network, ForwardPass.of(weights, memory), memory, 8, 8, Map.of()));
        }
        assertEquals(before, manager.getManagedArrays().size(), "after pass " + i);
      }
    }
  }

  @ParameterizedTest
  @CsvSource({"7, 8", "8, 26"})
  void refuses_sizes_it_has_no_positions_for(int height, int width) {
    Sd3Transformer network = tiny("sd3-medium-tiny");
    try (NDManager manager = NDManager.newBaseManager();
        TrainableWeights weights = moved(network, manager)) {
      IllegalArgumentException e =
          assertThrows(
              IllegalArgumentException.class,
              () ->
                  run(network, ForwardPass.of(weights, manager), manager, height, width, Map.of()));
      assertTrue(String.valueOf(e.getMessage()).contains("multiples of 2 up to 24"), e.toString());
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "\"_class_name\": \"FluxTransformer2DModel\"",
        "\"qk_norm\": \"layer_norm\"",
        "\"patch_size\": 0",
        "\"caption_projection_dim\": 1000",
        "\"dual_attention_layers\": [18]"
      })
  void names_file_and_key_of_what_it_cannot_build(String setting) {
    CheckpointException e =
        assertThrows(CheckpointException.class, () -> network("{" + setting + "}"));
    String message = String.valueOf(e.getMessage());
    assertTrue(message.contains(setting.split("\"", -1)[1]), message);
    assertTrue(message.contains("transformer/config.json"), message);
  }

  private static TrainableWeights moved(Sd3Transformer network, NDManager manager) {
    TrainableWeights weights = TrainableWeights.initialised(network, 1, manager);
    try (NDArray noise = Noise.of(2).gaussian(manager, weights.flat().getShape())) {
      weights.flat().addi(noise.muli(0.05f));
    }
    return weights;
  }

  /** Two latents; {@code shifts} is added to the conditioning of that name, or to the times. */
  private static NDArray run(
      Sd3Transformer network,
      ForwardPass pass,
      NDManager manager,
      int height,
      int width,
      Map<String, Float> shifts) {
    Sd3TransformerConfig config = network.config();
    Map<String, NDArray> text = new LinkedHashMap<>();
    text.put(
        "encoder_hidden_states",
        Noise.of(2).gaussian(manager, new Shape(2, 5, config.contextWidth())));
    text.put(
        "pooled_projections", Noise.of(3).gaussian(manager, new Shape(2, config.pooledWidth())));
    text.replaceAll((name, value) -> value.add(shifts.getOrDefault(name, 0f)));
    float later = 100 * shifts.getOrDefault("t", 0f);
    NDArray x = Noise.of(1).gaussian(manager, new Shape(2, config.inChannels(), height, width));
    NDArray t = manager.create(new float[] {500 + later, 20 + later});
    return network.forward(pass, x, t, new Conditioning(text));
  }

  private static Sd3Transformer tiny(String name) {
    return new Sd3Transformer(
        Sd3TransformerConfig.of(ModelConfig.read(CASES.resolve(name).resolve("config.json"))));
  }

  private static Sd3Transformer network(String json) {
    try {
      Path file = Path.of("transformer/config.json");
      return new Sd3Transformer(
          Sd3TransformerConfig.of(ModelConfig.of(new ObjectMapper().readTree(json), file)));
    } catch (JsonProcessingException e) {
      throw new IllegalArgumentException(e);
    }
  }

  @ParameterizedTest
  @MethodSource("cases")
  void computes_in_bfloat16(ParityCase golden) {
    try (NDManager manager = NDManager.newBaseManager()) {
      ParityReport report = golden.check(new Sd3TransformerReference(), Precision.BF16, manager);
      assertTrue(report.passed(), report::toString);
      assertTrue(report.worst("out") > 1e-4, "float32 is no test of bfloat16");
    }
  }

  @ParameterizedTest
  @MethodSource("adapted")
  void adapters_compute_in_bfloat16(ParityCase golden) {
    try (NDManager manager = NDManager.newBaseManager()) {
      ParityReport report = golden.check(new Sd3TransformerReference(), Precision.BF16, manager);
      assertTrue(report.passed(), report::toString);
      assertTrue(report.worst("out") > 1e-4, "float32 is no test of bfloat16");
    }
  }
}
