package dmdx.teacher.sd3;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dmdx.api.Conditioning;
import dmdx.api.network.Network;
import dmdx.api.network.Passes;
import dmdx.api.network.Weights;
import dmdx.nn.pipeline.T5Text;
import dmdx.nn.text.ClipTextConfig;
import dmdx.nn.text.ClipTextEncoder;
import dmdx.nn.text.ClipTokenizer;
import dmdx.nn.text.T5Config;
import dmdx.nn.text.T5Encoder;
import dmdx.nn.text.T5Tokenizer;
import dmdx.nn.weights.CheckpointWeights;
import dmdx.nn.weights.ForwardPass;
import dmdx.nn.weights.ModelConfig;
import dmdx.nn.weights.SafetensorsFile;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class Sd3ConditionerTests {
  private static final Path CASE = Path.of("src/test/resources/golden/prompt-conditioning/sd3");
  private static final int WIDTH = 64;

  @TempDir Path folder;

  private static ModelConfig config(String name) {
    return ModelConfig.read(CASE.resolve(name).resolve("config.json"));
  }

  private static CheckpointWeights weights(String name, Network network, NDManager manager) {
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
    ClipTextEncoder first = ClipTextEncoder.of(ClipTextConfig.from(config("text_encoder")));
    ClipTextEncoder second = ClipTextEncoder.of(ClipTextConfig.from(config("text_encoder_2")));
    T5Encoder third = T5Encoder.of(T5Config.from(config("text_encoder_3")));
    Path configs = TinyPipeline.writeConfigs(folder);
    ClipTokenizer clip = ClipTokenizer.read(configs.resolve("tokenizer"));
    T5Text t5 =
        new T5Text("text_encoder_3", third, T5Tokenizer.read(configs.resolve("tokenizer_3")), 20);
    Sd3Conditioner whole = new Sd3Conditioner(first, clip, second, clip, t5, WIDTH);
    Sd3Conditioner without = new Sd3Conditioner(first, clip, second, clip, null, WIDTH);
    try (NDManager manager = NDManager.newBaseManager();
        CheckpointWeights a = weights("text_encoder", first, manager);
        CheckpointWeights b = weights("text_encoder_2", second, manager);
        CheckpointWeights c = weights("text_encoder_3", third, manager);
        SafetensorsFile io = SafetensorsFile.open(CASE.resolve("io.safetensors"))) {
      Map<String, Weights> all =
          Map.of("text_encoder", a, "text_encoder_2", b, "text_encoder_3", c);
      Passes passes = name -> ForwardPass.of(Objects.requireNonNull(all.get(name)), manager);
      String[][] cases = {
        {"prompt", "prompt", "prompt", "default", ""},
        {"empty", "empty", "empty", "default", "negative_"},
        {"prompt", "prompt_2", "prompt_3", "separate_prompts", ""},
        {"negative", "negative", "negative", "separate_prompts", "negative_"},
        {"prompt", "prompt", "prompt", "no_t5", ""},
        {"empty", "empty", "empty", "no_t5", "negative_"}
      };
      for (String[] names : cases) {
        long[][][] ids = new long[3][][];
        for (int i = 0; i < 3; i++) {
          ids[i] = rows(io.read("in.ids_" + (i + 1) + "." + names[i], manager));
        }
        Sd3Conditioner conditioner = names[3].equals("no_t5") ? without : whole;
        Conditioning actual = conditioner.encode(passes, ids[0], ids[1], ids[2]);
        String prefix = "out." + names[3] + "." + names[4];
        NDArray hidden = io.read(prefix + "prompt_embeds", manager);
        NDArray pooled = io.read(prefix + "pooled_prompt_embeds", manager);
        long copies = hidden.getShape().get(0) / ids[0].length;
        assertNear(hidden, actual.get("encoder_hidden_states").repeat(0, copies), prefix);
        assertNear(pooled, actual.get("pooled_projections").repeat(0, copies), prefix);
      }
    }
  }
}
