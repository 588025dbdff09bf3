package dmdx.discriminator.sam;

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

class SamVisionEncoderTests {

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "89670912 | {}",
        "308278272 | {\"hidden_size\": 1024, \"num_hidden_layers\": 24, \"num_attention_heads\": 16,"
            + " \"global_attn_indexes\": [5, 11, 17, 23], \"mlp_dim\": 4096}",
        "637026048 | {\"hidden_size\": 1280, \"num_hidden_layers\": 32, \"num_attention_heads\": 16,"
            + " \"global_attn_indexes\": [7, 15, 23, 31], \"mlp_dim\": null}",
      })
  void has_the_size_of_the_published_models(long count, String vision)
      throws JsonProcessingException {
    assertEquals(count, new SamVisionEncoder(config(vision)).parameterCount());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "hidden_size | {\"hidden_size\": 770}",
        "image_size | {\"image_size\": 1000}",
        "window_size | {\"window_size\": 0}",
        "hidden_act | {\"hidden_act\": \"relu\"}",
        "num_channels | {\"num_channels\": 1}",
      })
  void rejects_a_configuration_that_fits_no_encoder(String key, String vision) {
    CheckpointException e = assertThrows(CheckpointException.class, () -> config(vision));
    String message = String.valueOf(e.getMessage());
    assertTrue(message.contains(key) && message.contains("sam/config.json"), message);
  }

  private static SamConfig config(String vision) throws JsonProcessingException {
    String json = "{\"model_type\": \"sam\", \"vision_config\": " + vision + "}";
    return SamConfig.from(
        ModelConfig.of(new ObjectMapper().readTree(json), Path.of("sam/config.json")));
  }
}
