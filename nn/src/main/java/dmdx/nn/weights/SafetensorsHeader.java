package dmdx.nn.weights;

import ai.djl.ndarray.types.Shape;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dmdx.api.CheckpointException;
import dmdx.nn.weights.SafetensorsFile.Entry;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The JSON header of a safetensors file, checked completely before any tensor is touched: what it
 * says may come from anyone.
 *
 * @param metadata texts under {@code __metadata__}
 * @param entries tensors in header order; offsets are absolute in the file
 */
record SafetensorsHeader(Map<String, String> metadata, Map<String, Entry> entries) {
  static final String METADATA = "__metadata__";
  static final long MAX_LENGTH = 100_000_000;

  private static final JsonMapper JSON =
      JsonMapper.builder()
          .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .build();

  /**
   * @param file for messages
   * @param header the header's bytes, without the length in front
   * @param dataLength bytes that follow the header
   */
  static SafetensorsHeader parse(Path file, byte[] header, long dataLength) {
    return new Parser(file, 8L + header.length, dataLength).parse(header);
  }

  private record Parser(Path file, long dataStart, long dataLength) {

    SafetensorsHeader parse(byte[] header) {
      JsonNode root = json(header);
      if (!root.isObject()) {
        throw broken("the header is not a JSON object");
      }
      Map<String, String> metadata = new LinkedHashMap<>();
      Map<String, Entry> entries = new LinkedHashMap<>();
      for (Map.Entry<String, JsonNode> property : root.properties()) {
        if (property.getKey().equals(METADATA)) {
          readMetadata(property.getValue(), metadata);
        } else {
          entries.put(property.getKey(), entry(property.getKey(), property.getValue()));
        }
      }
      requireGapless(entries);
      return new SafetensorsHeader(
          java.util.Collections.unmodifiableMap(metadata),
          java.util.Collections.unmodifiableMap(entries));
    }

    private JsonNode json(byte[] header) {
      try {
        String text =
            StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(header)).toString();
        return JSON.readTree(text);
      } catch (CharacterCodingException e) {
        throw broken("the header is not UTF-8 text");
      } catch (JsonProcessingException e) {
        throw broken("the header is not valid JSON (" + Unreadable.why(e) + ")");
      }
    }

    private void readMetadata(JsonNode node, Map<String, String> metadata) {
      if (!node.isObject()) {
        throw broken("'" + METADATA + "' is not a JSON object");
      }
      for (Map.Entry<String, JsonNode> property : node.properties()) {
        if (!property.getValue().isTextual()) {
          throw broken(
              "'%s.%s' is %s, expected a text"
                  .formatted(METADATA, property.getKey(), property.getValue()));
        }
        metadata.put(property.getKey(), property.getValue().textValue());
      }
    }

    private Entry entry(String name, JsonNode node) {
      if (!node.isObject()) {
        throw broken("the entry of tensor '%s' is not a JSON object".formatted(name));
      }
      DType dtype = dtype(name, node.path("dtype"));
      long[] shape = longs(name, "shape", node.path("shape"));
      long[] offsets = longs(name, "data_offsets", node.path("data_offsets"));
      if (offsets.length != 2 || offsets[0] > offsets[1] || offsets[1] > dataLength) {
        throw broken(
            "tensor '%s' has data_offsets %s, expected [begin, end] inside the %d data bytes"
                .formatted(name, node.path("data_offsets"), dataLength));
      }
      long bytes = dtype.bytes();
      try {
        for (long size : shape) {
          bytes = Math.multiplyExact(bytes, size);
        }
      } catch (ArithmeticException e) {
        throw broken(
            "tensor '%s' has shape %s, which is too large to exist"
                .formatted(name, node.path("shape")));
      }
      if (bytes != offsets[1] - offsets[0]) {
        throw broken(
            "tensor '%s' (%s, shape %s) needs %d bytes, but its data_offsets span %d"
                .formatted(name, dtype, node.path("shape"), bytes, offsets[1] - offsets[0]));
      }
      return new Entry(dtype, new Shape(shape), dataStart + offsets[0], dataStart + offsets[1]);
    }

    private DType dtype(String name, JsonNode node) {
      for (DType candidate : DType.values()) {
        if (node.isTextual() && candidate.name().equals(node.textValue())) {
          return candidate;
        }
      }
      throw broken(
          "tensor '%s' has dtype %s, expected one of %s"
              .formatted(name, node, List.of(DType.values())));
    }

    private long[] longs(String name, String key, JsonNode node) {
      if (!node.isArray()) {
        throw broken(
            "tensor '%s' has %s %s, expected a list of numbers".formatted(name, key, node));
      }
      long[] values = new long[node.size()];
      for (int i = 0; i < values.length; i++) {
        JsonNode element = node.get(i);
        if (!element.isIntegralNumber() || !element.canConvertToLong() || element.longValue() < 0) {
          throw broken(
              "tensor '%s' has %s %s, expected whole numbers from 0 on".formatted(name, key, node));
        }
        values[i] = element.longValue();
      }
      return values;
    }

    /** Tensors cover the data bytes exactly once. */
    private void requireGapless(Map<String, Entry> entries) {
      List<Map.Entry<String, Entry>> sorted = new ArrayList<>(entries.entrySet());
      sorted.sort(
          Comparator.comparingLong((Map.Entry<String, Entry> e) -> e.getValue().begin())
              .thenComparingLong(e -> e.getValue().end()));
      long end = dataStart;
      String before = "the header";
      for (Map.Entry<String, Entry> entry : sorted) {
        long begin = entry.getValue().begin();
        if (begin != end) {
          throw broken(
              begin < end
                  ? "tensors '%s' and '%s' overlap".formatted(before, entry.getKey())
                  : "%d unused bytes lie before tensor '%s'"
                      .formatted(begin - end, entry.getKey()));
        }
        end = entry.getValue().end();
        before = entry.getKey();
      }
      if (end != dataStart + dataLength) {
        throw broken(
            "%d unused bytes follow the last tensor".formatted(dataStart + dataLength - end));
      }
    }

    private CheckpointException broken(String found) {
      return new CheckpointException(
          file
              + ": "
              + found
              + ". The file is damaged or unsupported; download or write it again.");
    }
  }
}
