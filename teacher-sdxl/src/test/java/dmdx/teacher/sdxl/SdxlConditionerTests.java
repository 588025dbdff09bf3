package dmdx.teacher.sdxl;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dmdx.api.Conditioning;
import dmdx.api.ImageSize;
import dmdx.api.network.Passes;
import dmdx.nn.layer.SinusoidalEmbedding;
import dmdx.nn.text.ClipTextConfig;
import dmdx.nn.text.ClipTextEncoder;
import dmdx.nn.text.ClipTokenizer;
import dmdx.nn.weights.CheckpointWeights;
import dmdx.nn.weights.ForwardPass;
import dmdx.nn.weights.ModelConfig;
import dmdx.nn.weights.SafetensorsFile;
import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SdxlConditionerTests {
  private static final Path CASE = Path.of("src/test/resources/golden/prompt-conditioning/sdxl");

  @TempDir Path folder;

  private static ClipTextEncoder encoder(String name) {
    Path file = CASE.resolve(name).resolve("config.json");
    return ClipTextEncoder.of(ClipTextConfig.from(ModelConfig.read(file)));
  }

  private static CheckpointWeights weights(
      String name, ClipTextEncoder network, NDManager manager) {
    return CheckpointWeights.open(
        CASE.resolve(name), "model", null, network, ClipTextEncoder::ignores, manager);
  }

  private static long[][] rows(NDArray ids) {
    long[][] rows = new long[(int) ids.getShape().get(0)][];
    for (int i = 0; i < rows.length; i++) {
      rows[i] = ids.get(i).toLongArray();
    }
    return rows;
  }

  private static void assertNear(NDArray expected, NDArray actual, String what) {
    assertEquals(expected.getShape(), actual.getShape(), what);
    float scale = expected.abs().max().getFloat();
    assertTrue(actual.sub(expected).abs().max().getFloat() <= 2e-5 * scale, what);
  }

  @Test
  void embeddings_equal_those_of_the_reference_pipeline() throws IOException {
    ClipTextEncoder first = encoder("text_encoder");
    ClipTextEncoder second = encoder("text_encoder_2");
    Path configs = TinyPipeline.writeConfigs(folder);
    ClipTokenizer tokenizer = ClipTokenizer.read(configs.resolve("tokenizer"));
    SdxlConditioner conditioner = new SdxlConditioner(first, tokenizer, second, tokenizer, false);
    try (NDManager manager = NDManager.newBaseManager();
        CheckpointWeights a = weights("text_encoder", first, manager);
        CheckpointWeights b = weights("text_encoder_2", second, manager);
        SafetensorsFile io = SafetensorsFile.open(CASE.resolve("io.safetensors"))) {
      Passes passes = name -> ForwardPass.of(name.equals("text_encoder") ? a : b, manager);
      String[][] pairs = {
        {"ids_1.prompt", "ids_2.prompt_2", "two_prompts_force_zeros", ""},
        {"ids_1.prompt", "ids_2.prompt", "empty_string_negative", ""},
        {"ids_1.empty", "ids_2.empty", "empty_string_negative", "negative_"},
        {"ids_1.empty", "ids_2.empty", "no_force_zeros", "negative_"}
      };
      for (String[] pair : pairs) {
        long[][] firstIds = rows(io.read("in." + pair[0], manager));
        long[][] secondIds = rows(io.read("in." + pair[1], manager));
        Conditioning actual = conditioner.encode(passes, firstIds, secondIds, ImageSize.square(64));
        String prefix = "out." + pair[2] + "." + pair[3];
        NDArray hidden = io.read(prefix + "prompt_embeds", manager);
        NDArray pooled = io.read(prefix + "pooled_prompt_embeds", manager);
        long copies = hidden.getShape().get(0) / firstIds.length;
        assertNear(hidden, actual.get("encoder_hidden_states").repeat(0, copies), prefix);
        assertNear(pooled, actual.get("text_embeds").repeat(0, copies), prefix);
      }
      for (String kind : new String[] {"negative_prompt_embeds", "negative_pooled_prompt_embeds"}) {
        NDArray zeros = io.read("out.two_prompts_force_zeros." + kind, manager);
        assertEquals(0, zeros.abs().max().getFloat(), kind);
      }
    }
  }

  @Test
  void time_ids_are_embedded_as_in_the_reference_pipeline() {
    try (NDManager manager = NDManager.newBaseManager();
        SafetensorsFile io = SafetensorsFile.open(CASE.resolve("io.safetensors"))) {
      NDArray ids = io.read("in.time_ids", manager);
      NDArray expected = io.read("out.time_embeds", manager);
      NDArray actual =
          new SinusoidalEmbedding(256, true, 0)
              .forward(ids.toType(ai.djl.ndarray.types.DataType.FLOAT32, true).reshape(-1))
              .reshape(expected.getShape());
      assertTrue(actual.sub(expected).abs().max().getFloat() <= 2e-4);
    }
  }
}
