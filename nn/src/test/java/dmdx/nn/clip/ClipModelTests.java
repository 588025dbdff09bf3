package dmdx.nn.clip;

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
import dmdx.nn.layer.ClipLayer;
import dmdx.nn.parity.GoldenCases;
import dmdx.nn.parity.ParityCase;
import dmdx.nn.parity.ParityReport;
import dmdx.nn.text.ClipTextConfig;
import dmdx.nn.text.TokenIds;
import dmdx.nn.torch.Autograd;
import dmdx.nn.torch.Scope;
import dmdx.nn.weights.ForwardPass;
import dmdx.nn.weights.ModelConfig;
import dmdx.nn.weights.Noise;
import dmdx.nn.weights.TrainableWeights;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

class ClipModelTests {
  static final ClipModel TINY =
      ClipModel.of(
          new ClipConfig(
              new ClipTextConfig(10, 8, 16, 2, 2, 6, Activation.GELU, 1e-5, 9, 5),
              new ClipConfig.Vision(
                  new ClipLayer.Sizes(12, 24, 2, 3, Activation.QUICK_GELU, 1e-5), 8, 4)));
  private static final long[][] IDS = {{8, 1, 2, 9}, {8, 3, 9, 9}};

  private final NDManager manager = NDManager.newBaseManager();

  @AfterEach
  void free() {
    manager.close();
  }

  static Stream<ParityCase> cases() {
    return GoldenCases.of("clip-full");
  }

  @Tag("golden")
  @ParameterizedTest
  @MethodSource("cases")
  void matches_the_reference_in_values_and_gradients(ParityCase golden) {
    ParityReport report = GoldenCases.passed(golden, new ClipReference());
    assertTrue(report.rows().size() > 30, "few rows: " + report.rows().size());
  }

  /** Sizes of the published models: text, vision, patch, projection. */
  @ParameterizedTest
  @CsvSource({
    "512, 2048, 12, 8, 768, 3072, 12, 12, 32, 512, 151277313",
    "512, 2048, 12, 8, 768, 3072, 12, 12, 16, 512, 149620737",
    "768, 3072, 12, 12, 1024, 4096, 24, 16, 14, 768, 427616513",
    "1024, 4096, 24, 16, 1280, 5120, 32, 16, 14, 1024, 986109441",
    "1024, 4096, 24, 16, 1408, 6144, 40, 16, 14, 1024, 1366678273",
    "1280, 5120, 32, 20, 1664, 8192, 48, 16, 14, 1280, 2539567105"
  })
  void has_the_parameters_of_the_published_models(
      int h, int f, int n, int a, int v, int m, int k, int b, int p, int d, long count)
      throws Exception {
    String json =
        """
        {"model_type": "clip", "projection_dim": %d,
         "text_config": {"hidden_size": %d, "intermediate_size": %d, "num_hidden_layers": %d,
           "num_attention_heads": %d, "eos_token_id": 2, "projection_dim": 1},
         "vision_config": {"hidden_size": %d, "intermediate_size": %d, "num_hidden_layers": %d,
           "num_attention_heads": %d, "patch_size": %d}}
        """
            .formatted(d, h, f, n, a, v, m, k, b, p);
    assertEquals(count, ClipModel.of(ClipConfig.from(config(json))).parameterCount());
  }

  @Test
  void defaults_are_those_of_the_smallest_published_model() throws Exception {
    assertEquals(151_277_313, ClipModel.of(ClipConfig.from(config("{}"))).parameterCount());
  }

  private static ModelConfig config(String json) throws Exception {
    return ModelConfig.of(new ObjectMapper().readTree(json), Path.of("clip", "config.json"));
  }

  @Test
  void embeddings_have_length_one_and_gradient_flows_to_pictures() {
    try (TrainableWeights weights = TrainableWeights.initialised(TINY, 1, manager);
        Autograd.Mode recording = Autograd.recording()) {
      ForwardPass pass = ForwardPass.of(weights, manager);
      NDArray pixels = Autograd.leaf(Noise.of("pixels").gaussian(manager, new Shape(2, 3, 8, 8)));
      NDArray images = TINY.imageEmbeddings(pass, pixels);
      NDArray texts = TINY.textEmbeddings(pass, TokenIds.tensor(manager, IDS));
      for (NDArray embeddings : new NDArray[] {images, texts}) {
        assertEquals(new Shape(2, 5), embeddings.getShape());
        float[] lengths = embeddings.square().sum(new int[] {1}).toFloatArray();
        assertArrayEquals(new float[] {1, 1}, lengths, 1e-6f);
      }
      Autograd.backward(images.mul(texts).sum());
      NDArray gradient = Autograd.gradient(pixels);
      assertTrue(gradient != null && gradient.abs().sum().getFloat() > 0);
    }
  }

  @Test
  @SuppressWarnings("try") // the scope is only held
  void repeated_passes_leave_no_tensors_behind() {
    try (TrainableWeights weights = TrainableWeights.initialised(TINY, 1, manager)) {
      NDArray pixels = manager.ones(new Shape(1, 3, 8, 8));
      int[] held = new int[3];
      for (int i = 0; i < held.length; i++) {
        try (Scope scope = new Scope()) {
          ForwardPass pass = ForwardPass.of(weights, manager);
          TINY.imageEmbeddings(pass, pixels);
          TINY.textEmbeddings(pass, TokenIds.tensor(manager, IDS));
        }
        held[i] = manager.getManagedArrays().size();
      }
      assertEquals(held[0], held[2]);
    }
  }

  @Test
  void rejects_pictures_of_another_size() {
    try (TrainableWeights weights = TrainableWeights.initialised(TINY, 1, manager)) {
      NDArray pixels = manager.ones(new Shape(1, 3, 8, 12));
      String message =
          assertThrows(
                  IllegalArgumentException.class,
                  () -> TINY.imageEmbeddings(ForwardPass.of(weights, manager), pixels))
              .getMessage();
      assertEquals("pictures are (1, 3, 8, 12), expected [B, 3, 8, 8]", message);
    }
  }

  @Test
  void rejects_patches_that_do_not_fill_the_picture() throws Exception {
    ModelConfig config = config("{\"vision_config\": {\"patch_size\": 30}}");
    String message =
        assertThrows(CheckpointException.class, () -> ClipConfig.from(config)).getMessage();
    assertTrue(String.valueOf(message).startsWith(config.path() + ": vision_config: "), message);
    assertFalse(new ClipReference().accepts(config));
  }

  @ParameterizedTest
  @MethodSource("cases")
  void computes_in_bfloat16(ParityCase golden) {
    try (NDManager manager = NDManager.newBaseManager()) {
      ParityReport report = golden.check(new ClipReference(), Precision.BF16, manager);
      assertTrue(report.passed(), report::toString);
      assertTrue(report.worst("out") > 1e-4, "float32 is no test of bfloat16");
    }
  }
}
