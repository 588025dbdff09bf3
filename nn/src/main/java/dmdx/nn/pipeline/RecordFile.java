package dmdx.nn.pipeline;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dmdx.api.CheckpointException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/** A public record as a JSON file; a component that is missing is an error. */
final class RecordFile {
  private static final JsonMapper JSON =
      JsonMapper.builder()
          .enable(SerializationFeature.INDENT_OUTPUT)
          .enable(DeserializationFeature.FAIL_ON_MISSING_CREATOR_PROPERTIES)
          .build();

  private RecordFile() {}

  static byte[] bytes(Record content) {
    try {
      return JSON.writeValueAsBytes(content);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("a record of texts and numbers can always be written", e);
    }
  }

  /**
   * @param optional components that are null where they are missing
   * @throws CheckpointException if there is no such file or it cannot be understood
   */
  static <R extends Record> R read(Path file, Class<R> type, List<String> optional) {
    try {
      ObjectNode json = JSON.readValue(file.toFile(), ObjectNode.class);
      optional.forEach(name -> json.putIfAbsent(name, json.nullNode()));
      return JSON.treeToValue(json, type);
    } catch (IOException e) {
      throw new CheckpointException("%s: cannot be read (%s)".formatted(file, e.getMessage()), e);
    }
  }
}
