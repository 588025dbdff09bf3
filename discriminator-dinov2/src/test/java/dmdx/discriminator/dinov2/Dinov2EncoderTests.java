package dmdx.discriminator.dinov2;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import dmdx.api.CheckpointException;
import dmdx.nn.weights.ModelConfig;
import java.nio.file.Path;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class Dinov2EncoderTests {

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "22056576 | \"hidden_size\": 384, \"num_attention_heads\": 6",
        "86580480 | \"hidden_size\": 768",
        "304368640 | \"hidden_size\": 1024, \"num_hidden_layers\": 24, \"num_attention_heads\": 16",
        "1136480768 | \"hidden_size\": 1536, \"num_hidden_layers\": 40, \"num_attention_heads\": 24,"
            + " \"use_swiglu_ffn\": true",
      })
  void has_the_size_of_the_published_models(long count, String variant)
      throws JsonProcessingException {
    Dinov2Config config = config(variant + ", \"image_size\": 518, \"patch_size\": 14");
    assertEquals(count, new Dinov2Encoder(config, PositionRule.OFFSET).parameterCount());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "model_type | \"model_type\": \"dinov2_with_registers\"",
        "hidden_size | \"hidden_size\": 770",
        "image_size | \"image_size\": 10",
        "mlp_ratio | \"mlp_ratio\": 0",
        "hidden_act | \"hidden_act\": \"relu\"",
        "num_channels | \"num_channels\": 1",
      })
  void rejects_a_configuration_that_fits_no_encoder(String key, String part) {
    CheckpointException e = assertThrows(CheckpointException.class, () -> config(part));
    String message = String.valueOf(e.getMessage());
    assertTrue(message.contains(key) && message.contains("dinov2/config.json"), message);
  }

  private static Dinov2Config config(String parts) throws JsonProcessingException {
    return Dinov2Config.from(
        ModelConfig.of(
            new ObjectMapper().readTree("{" + parts + "}"), Path.of("dinov2/config.json")));
  }
}
