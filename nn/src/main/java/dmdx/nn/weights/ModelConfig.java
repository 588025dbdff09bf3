package dmdx.nn.weights;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import dmdx.api.CheckpointException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * A checkpoint's {@code config.json}, read strictly: a value of the wrong type is an error that
 * names file and key, never converted. A key that is absent or null has the default.
 */
public final class ModelConfig {
  private static final JsonMapper JSON =
      JsonMapper.builder()
          .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .build();

  private final JsonNode json;
  private final Path path;
  private final String prefix;

  private ModelConfig(JsonNode json, Path path, String prefix) {
    this.json = json;
    this.path = path;
    this.prefix = prefix;
  }

  /**
   * @throws CheckpointException if the file is missing or is not a JSON object
   */
  public static ModelConfig read(Path jsonFile) {
    try {
      return of(JSON.readTree(Files.readString(jsonFile)), jsonFile);
    } catch (NoSuchFileException e) {
      throw new CheckpointException(
          jsonFile + ": there is no such file. Is this a checkpoint folder?", e);
    } catch (JsonProcessingException e) {
      throw new CheckpointException(
          "%s: is not valid JSON (%s)".formatted(jsonFile, Unreadable.why(e)), e);
    } catch (IOException e) {
      throw new CheckpointException(
          "%s: cannot be read (%s)".formatted(jsonFile, Unreadable.why(e)), e);
    }
  }

  /**
   * @param json an object
   * @param where the file it stems from, for messages
   */
  public static ModelConfig of(JsonNode json, Path where) {
    if (!json.isObject()) {
      throw new CheckpointException(where + ": is not a JSON object");
    }
    return new ModelConfig(json, where, "");
  }

  public JsonNode json() {
    return json;
  }

  public Path path() {
    return path;
  }

  /** Whether the key is present with a value other than null. */
  public boolean has(String key) {
    return value(key) != null;
  }

  /** A whole number that must be there; 2.9 and 2.0 are errors. */
  public int integer(String key) {
    return required(key, "a whole number", ModelConfig::asInteger);
  }

  public int integer(String key, int dflt) {
    return optional(key, dflt, "a whole number", ModelConfig::asInteger);
  }

  public double number(String key, double dflt) {
    return optional(key, dflt, "a number", n -> n.isNumber() ? n.doubleValue() : null);
  }

  public boolean flag(String key, boolean dflt) {
    return optional(key, dflt, "true or false", n -> n.isBoolean() ? n.booleanValue() : null);
  }

  public String text(String key, String dflt) {
    return optional(key, dflt, "a text", n -> n.isTextual() ? n.textValue() : null);
  }

  public List<Integer> integers(String key, List<Integer> dflt) {
    return optional(key, dflt, "a list of whole numbers", n -> asList(n, ModelConfig::asInteger));
  }

  /** One whole number per level: a list of them, or one number for all levels. */
  public List<Integer> perLevel(String key, int levels, int dflt) {
    return optional(
        key,
        Collections.nCopies(levels, dflt),
        "a whole number or a list of %d whole numbers".formatted(levels),
        n -> {
          Integer one = asInteger(n);
          if (one != null) {
            return Collections.nCopies(levels, one);
          }
          List<Integer> list = asList(n, ModelConfig::asInteger);
          return list != null && list.size() == levels ? list : null;
        });
  }

  public List<String> texts(String key, List<String> dflt) {
    return optional(
        key, dflt, "a list of texts", n -> asList(n, e -> e.isTextual() ? e.textValue() : null));
  }

  /** The nested object; an empty one, so that its defaults apply, if the key is absent. */
  public ModelConfig section(String key) {
    JsonNode node =
        optional(
            key, JsonNodeFactory.instance.objectNode(), "an object", n -> n.isObject() ? n : null);
    return new ModelConfig(node, path, prefix + key + ".");
  }

  /**
   * Refuses a feature that is not supported: the key must be absent, null or one of the values that
   * switch it off.
   *
   * @param neutralValues booleans, numbers, texts, or lists of them
   */
  public void requireNeutral(String key, Object... neutralValues) {
    JsonNode node = value(key);
    if (node == null) {
      return;
    }
    for (Object neutral : neutralValues) {
      if (equal(node, JSON.valueToTree(neutral))) {
        return;
      }
    }
    String expected =
        neutralValues.length == 0
            ? "null or absent"
            : Arrays.stream(neutralValues)
                .map(v -> JSON.valueToTree(v).toString())
                .collect(java.util.stream.Collectors.joining(" or "));
    throw new CheckpointException(
        "%s: '%s%s' is %s, expected %s. Networks with this feature are not supported."
            .formatted(path, prefix, key, node, expected));
  }

  private static boolean equal(JsonNode a, JsonNode b) {
    if (a.isNumber() && b.isNumber()) {
      return a.doubleValue() == b.doubleValue();
    }
    if (a.isArray() && b.isArray() && a.size() == b.size()) {
      for (int i = 0; i < a.size(); i++) {
        if (!equal(a.get(i), b.get(i))) {
          return false;
        }
      }
      return true;
    }
    return a.equals(b);
  }

  private static @Nullable Integer asInteger(JsonNode node) {
    return node.isIntegralNumber() && node.canConvertToInt() ? node.intValue() : null;
  }

  private static <T> @Nullable List<T> asList(
      JsonNode node, Function<JsonNode, @Nullable T> convert) {
    if (!node.isArray()) {
      return null;
    }
    List<T> list = new ArrayList<>();
    for (JsonNode element : node) {
      T converted = convert.apply(element);
      if (converted == null) {
        return null;
      }
      list.add(converted);
    }
    return List.copyOf(list);
  }

  private <T> T required(String key, String expected, Function<JsonNode, @Nullable T> convert) {
    JsonNode node = value(key);
    if (node == null) {
      throw new CheckpointException(
          "%s: '%s%s' is missing, expected %s".formatted(path, prefix, key, expected));
    }
    T converted = convert.apply(node);
    if (converted == null) {
      throw new CheckpointException(
          "%s: '%s%s' is %s, expected %s".formatted(path, prefix, key, node, expected));
    }
    return converted;
  }

  private <T> T optional(
      String key, T dflt, String expected, Function<JsonNode, @Nullable T> convert) {
    return has(key) ? required(key, expected, convert) : dflt;
  }

  private @Nullable JsonNode value(String key) {
    JsonNode node = json.get(key);
    return node == null || node.isNull() ? null : node;
  }

  @Override
  public String toString() {
    return path + (prefix.isEmpty() ? "" : " " + prefix) + json;
  }
}
