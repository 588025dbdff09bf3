package dmdx.nn.text;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import com.fasterxml.jackson.databind.ObjectMapper;
import dmdx.api.CheckpointException;
import dmdx.api.Precision;
import dmdx.nn.layer.Activation;
import dmdx.nn.parity.GoldenCases;
import dmdx.nn.parity.ParityCase;
import dmdx.nn.parity.ParityReport;
import dmdx.nn.text.ClipTextEncoder.Output;
import dmdx.nn.torch.Scope;
import dmdx.nn.weights.ForwardPass;
import dmdx.nn.weights.ModelConfig;
import dmdx.nn.weights.TrainableWeights;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class ClipTextEncoderTests {
  private static final ClipTextEncoder TINY =
      ClipTextEncoder.of(new ClipTextConfig(10, 8, 16, 3, 2, 6, Activation.GELU, 1e-5, 9, 0));

  @SuppressWarnings("NullAway.Init")
  private NDManager manager;

  @SuppressWarnings("NullAway.Init")
  private TrainableWeights weights;

  @BeforeEach
  void initialise() {
    manager = NDManager.newBaseManager();
    weights = TrainableWeights.initialised(TINY, 1, manager);
  }

  @AfterEach
  void free() {
    weights.close();
    manager.close();
  }

  static Stream<ParityCase> cases() {
    return GoldenCases.of("clip-text");
  }

  @ParameterizedTest
  @MethodSource("cases")
  void matches_the_reference_in_values_and_gradients(ParityCase golden) {
    GoldenCases.passed(golden, new ClipTextReference());
  }

  @Test
  void has_the_parameters_of_the_published_encoders() throws Exception {
    String large =
        """
        "hidden_size": 768, "intermediate_size": 3072, "num_attention_heads": 12,
        "projection_dim": 768, "eos_token_id": 2""";
    String huge =
        """
        "hidden_size": 1280, "intermediate_size": 5120, "num_attention_heads": 20,
        "num_hidden_layers": 32, "hidden_act": "gelu", "projection_dim": 1280""";
    assertEquals(123_060_480, ClipTextEncoder.of(config(large, false)).parameterCount());
    assertEquals(123_650_304, ClipTextEncoder.of(config(large, true)).parameterCount());
    assertEquals(694_659_840, ClipTextEncoder.of(config(huge, true)).parameterCount());
  }

  private static ClipTextConfig config(String fields, boolean projected) throws Exception {
    return ClipTextConfig.from(
        ModelConfig.of(
            new ObjectMapper().readTree("{" + fields + "}"),
            Path.of("text_encoder", "config.json")),
        projected);
  }

  @Test
  void architectures_decide_about_the_projection() throws Exception {
    String with = "\"architectures\": [\"CLIPTextModelWithProjection\"]";
    String without = "\"architectures\": [\"CLIPTextModel\"]";
    assertEquals(512, config(with, false).projection());
    assertEquals(0, config(without, true).projection());
  }

  @Test
  void a_masked_token_has_no_influence_on_later_ones() {
    NDArray mask = manager.create(new long[] {1, 0, 1, 1}, new Shape(1, 4));
    float[] one = lastRow(forward(new long[] {1, 2, 3, 9}, mask));
    float[] other = lastRow(forward(new long[] {1, 7, 3, 9}, mask));
    assertArrayEquals(one, other);
    float[] unmasked = lastRow(forward(new long[] {1, 7, 3, 9}, null));
    assertFalse(Arrays.equals(one, unmasked));
  }

  @Test
  void a_mask_of_ones_changes_nothing() {
    long[] ids = {1, 2, 3, 9};
    NDArray ones = manager.create(new long[] {1, 1, 1, 1}, new Shape(1, 4));
    assertArrayEquals(lastRow(forward(ids, null)), lastRow(forward(ids, ones)), 1e-6f);
  }

  @Test
  void a_token_does_not_see_later_ones() {
    float[] one = forward(new long[] {1, 2, 3, 9}, null).lastHiddenState().toFloatArray();
    float[] other = forward(new long[] {1, 2, 8, 9}, null).lastHiddenState().toFloatArray();
    assertArrayEquals(Arrays.copyOf(one, 16), Arrays.copyOf(other, 16));
    assertFalse(Arrays.equals(one, other));
  }

  @Test
  void clip_skip_counts_back_from_the_penultimate_state() {
    Output output = forward(new long[] {1, 2, 9}, null);
    assertNull(output.textEmbeds());
    assertEquals(4, output.hiddenStates().size());
    assertSame(output.hiddenStates().get(2), output.penultimate());
    assertSame(output.hiddenStates().get(0), output.penultimate(2));
    String message =
        assertThrows(IllegalArgumentException.class, () -> output.penultimate(3)).getMessage();
    assertEquals("clip skip is 3, expected 0 to 2 for an encoder of 3 layers", message);
  }

  @Test
  @SuppressWarnings("try") // the scope is only held
  void repeated_passes_leave_no_tensors_behind() {
    int[] held = new int[4];
    for (int i = 0; i < held.length; i++) {
      try (Scope scope = new Scope()) {
        forward(new long[] {1, 2, 9}, manager.create(new long[] {1, 1, 0}, new Shape(1, 3)));
      }
      held[i] = manager.getManagedArrays().size();
    }
    assertEquals(held[0], held[3]);
  }

  @Test
  void rejects_ids_beyond_the_vocabulary() {
    String message =
        assertThrows(IllegalArgumentException.class, () -> forward(new long[] {1, 10, 9}, null))
            .getMessage();
    assertTrue(
        String.valueOf(message).startsWith("token id 10 is not in the encoder's vocabulary of 10"),
        message);
  }

  @Test
  void rejects_prompts_that_are_too_long() {
    String message =
        assertThrows(IllegalArgumentException.class, () -> forward(new long[7], null)).getMessage();
    assertTrue(String.valueOf(message).contains("L at most 6"), message);
  }

  @Test
  void rejects_an_unknown_activation() {
    String message =
        assertThrows(CheckpointException.class, () -> config("\"hidden_act\": \"relu\"", false))
            .getMessage();
    assertTrue(
        String.valueOf(message).contains("hidden_act is 'relu', expected 'quick_gelu' or 'gelu'"),
        message);
  }

  @Test
  void rejects_heads_that_do_not_divide_the_width() {
    String message =
        assertThrows(CheckpointException.class, () -> config("\"num_attention_heads\": 7", false))
            .getMessage();
    assertTrue(
        String.valueOf(message)
            .contains("hidden_size 512 is not a multiple of num_attention_heads 7"),
        message);
  }

  private Output forward(long[] ids, @org.jspecify.annotations.Nullable NDArray mask) {
    NDArray batch = manager.create(ids, new Shape(1, ids.length));
    return TINY.forward(ForwardPass.of(weights, manager), batch, mask);
  }

  private static float[] lastRow(Output output) {
    float[] all = output.lastHiddenState().toFloatArray();
    return Arrays.copyOfRange(all, all.length - 8, all.length);
  }

  @ParameterizedTest
  @MethodSource("cases")
  void computes_in_bfloat16(ParityCase golden) {
    try (NDManager manager = NDManager.newBaseManager()) {
      ParityReport report = golden.check(new ClipTextReference(), Precision.BF16, manager);
      assertTrue(report.passed(), report::toString);
      assertTrue(report.worst("out") > 1e-4, "float32 is no test of bfloat16");
    }
  }
}
