package dmdx.teacher.cogvideox;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dmdx.api.network.Passes;
import dmdx.nn.pipeline.T5Text;
import dmdx.nn.text.T5Config;
import dmdx.nn.text.T5Encoder;
import dmdx.nn.text.T5Tokenizer;
import dmdx.nn.weights.CheckpointWeights;
import dmdx.nn.weights.ForwardPass;
import dmdx.nn.weights.ModelConfig;
import dmdx.nn.weights.SafetensorsFile;
import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CogVideoXConditionerTests {
  private static final Path CASE =
      Path.of("src/test/resources/golden/prompt-conditioning/cogvideox");
  private static final int LENGTH = 40;

  @TempDir Path folder;

  @Test
  void embeddings_equal_those_of_the_reference_pipeline() throws IOException {
    Path encoder = CASE.resolve("text_encoder");
    T5Encoder network =
        T5Encoder.of(T5Config.from(ModelConfig.read(encoder.resolve("config.json"))));
    T5Tokenizer tokenizer =
        T5Tokenizer.read(TinyPipeline.writeConfigs(folder, false).resolve("tokenizer"));
    CogVideoXConditioner conditioner =
        new CogVideoXConditioner(new T5Text("text_encoder", network, tokenizer, LENGTH));
    try (NDManager manager = NDManager.newBaseManager();
        CheckpointWeights weights =
            CheckpointWeights.open(encoder, "model", null, network, T5Encoder::ignores, manager);
        SafetensorsFile io = SafetensorsFile.open(CASE.resolve("io.safetensors"))) {
      Passes passes = name -> ForwardPass.of(weights, manager);
      String[][] pairs = {
        {"in.ids.prompt", "out.prompt_embeds"}, {"in.ids.empty", "out.negative_prompt_embeds"}
      };
      for (String[] pair : pairs) {
        NDArray ids = io.read(pair[0], manager);
        NDArray expected = io.read(pair[1], manager);
        long[][] rows = new long[(int) ids.getShape().get(0)][];
        for (int row = 0; row < rows.length; row++) {
          rows[row] = ids.get(row).toLongArray();
        }
        NDArray actual = conditioner.encode(passes, rows).get("encoder_hidden_states");
        actual = actual.repeat(0, expected.getShape().get(0) / rows.length);
        assertEquals(expected.getShape(), actual.getShape(), pair[1]);
        float error = actual.sub(expected).abs().max().getFloat();
        assertTrue(error <= 2e-5 * expected.abs().max().getFloat(), pair[1] + " " + error);
      }
    }
  }
}
