package dmdx.nn.text;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
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
import dmdx.nn.weights.ForwardPass;
import dmdx.nn.weights.ModelConfig;
import dmdx.nn.weights.TrainableWeights;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class T5EncoderTests {
  private static final T5Encoder TINY =
      T5Encoder.of(new T5Config(10, 8, 3, 16, 2, 2, 8, 20, 1e-6, true, Activation.GELU_TANH));

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
    return GoldenCases.of("t5-encoder");
  }

  @ParameterizedTest
  @MethodSource("cases")
  void matches_the_reference_in_values_and_gradients(ParityCase golden) {
    ParityReport report = GoldenCases.passed(golden, new T5Reference());
    assertTrue(report.rows().size() > 10, report::toString);
  }

  @Test
  void embeddings_may_bear_their_other_name(@TempDir Path folder) throws IOException {
    GoldenCases.passed(
        GoldenCases.renamed(
            "t5-encoder/gated-gelu-nomask",
            name -> name.replace("shared.weight", "encoder.embed_tokens.weight"),
            folder),
        new T5Reference());
  }

  @ParameterizedTest
  @CsvSource({
    "4096, 64, 10240, 24, 64, true, 4762310656",
    "2048, 64, 5120, 24, 32, true, 1223527424",
    "1024, 64, 2816, 24, 16, true, 341231104",
    "768, 64, 2048, 12, 12, true, 109628544",
    "512, 64, 1024, 8, 6, true, 35332800"
  })
  void has_the_parameters_of_the_published_encoders(
      int width, int head, int feedForward, int layers, int heads, boolean gated, long count) {
    T5Config config =
        new T5Config(
            32128, width, head, feedForward, layers, heads, 32, 128, 1e-6, gated, Activation.RELU);
    assertEquals(count, T5Encoder.of(config).parameterCount());
  }

  @ParameterizedTest
  @CsvSource({"32, 128, 8, '8,12,16,23,32,46,64,91'", "8, 20, 2, '2,7'", "12, 40, 3, '3,8,17'"})
  void buckets_start_at_the_published_distances(
      int buckets, int distance, int exact, String starts) {
    T5Config config =
        new T5Config(1, 1, 1, 1, 1, 1, buckets, distance, 1e-6, false, Activation.RELU);
    List<String> found = new ArrayList<>();
    for (int d = exact; d < 4 * distance; d++) {
      if (config.bucket(-d) != config.bucket(-(d - 1))) {
        found.add(String.valueOf(d));
      }
      assertEquals(config.bucket(-d) + buckets / 2, config.bucket(d));
    }
    assertEquals(starts, String.join(",", found));
    assertEquals(0, config.bucket(0));
    assertEquals(buckets - 1, config.bucket(100_000));
  }

  @Test
  void a_masked_token_has_no_influence_on_others() {
    NDArray mask = manager.create(new long[] {1, 0, 1, 1}, new Shape(1, 4));
    float[] one = lastRow(new long[] {1, 2, 3, 9}, mask);
    assertArrayEquals(one, lastRow(new long[] {1, 7, 3, 9}, mask));
    assertFalse(Arrays.equals(one, lastRow(new long[] {1, 7, 3, 9}, null)));
  }

  @Test
  void the_distance_of_tokens_matters() {
    assertFalse(
        Arrays.equals(
            lastRow(new long[] {5, 2, 2, 9}, null), lastRow(new long[] {2, 5, 2, 9}, null)));
  }

  @Test
  void rejects_ids_beyond_the_vocabulary() {
    String message =
        assertThrows(IllegalArgumentException.class, () -> lastRow(new long[] {1, 10}, null))
            .getMessage();
    assertTrue(String.valueOf(message).contains("vocabulary of 10"), message);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "\"feed_forward_proj\": \"gated-tanh\"",
        "\"num_heads\": 0",
        "\"relative_attention_num_buckets\": 7",
        "\"d_model\": \"wide\""
      })
  void names_file_and_key_of_what_it_cannot_build(String setting) throws Exception {
    ModelConfig config =
        ModelConfig.of(
            new ObjectMapper().readTree("{" + setting + "}"), Path.of("encoder/config.json"));
    String message =
        assertThrows(CheckpointException.class, () -> T5Config.from(config)).getMessage();
    String key = setting.split("\"", -1)[1];
    assertTrue(String.valueOf(message).contains(key), message);
    assertTrue(String.valueOf(message).contains("encoder/config.json"), message);
  }

  @ParameterizedTest
  @CsvSource({
    "relu, false, 0, 2",
    "gated-gelu, true, -0.158808, 1.954598",
    "gelu, false, -0.158655, 1.954500",
    "gelu_new, false, -0.158808, 1.954598",
    "gated-silu, true, -0.268941, 1.761594"
  })
  void the_projection_names_gate_and_activation(
      String projection, boolean gated, float atMinusOne, float atTwo) throws Exception {
    ModelConfig config =
        ModelConfig.of(
            new ObjectMapper().readTree("{\"feed_forward_proj\": \"" + projection + "\"}"),
            Path.of("encoder/config.json"));
    T5Config read = T5Config.from(config);
    assertEquals(gated, read.gated());
    NDArray x = manager.create(new float[] {-1, 2});
    assertArrayEquals(
        new float[] {atMinusOne, atTwo}, read.activation().of(x).toFloatArray(), 2e-6f);
  }

  private float[] lastRow(long[] ids, @Nullable NDArray mask) {
    NDArray batch = manager.create(ids, new Shape(1, ids.length));
    float[] all = TINY.forward(ForwardPass.of(weights, manager), batch, mask).toFloatArray();
    return Arrays.copyOfRange(all, all.length - 8, all.length);
  }

  @ParameterizedTest
  @MethodSource("cases")
  void computes_in_bfloat16(ParityCase golden) {
    try (NDManager manager = NDManager.newBaseManager()) {
      ParityReport report = golden.check(new T5Reference(), Precision.BF16, manager);
      assertTrue(report.passed(), report::toString);
      assertTrue(report.worst("out") > 1e-4, "float32 is no test of bfloat16");
    }
  }
}
