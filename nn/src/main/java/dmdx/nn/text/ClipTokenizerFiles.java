package dmdx.nn.text;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dmdx.api.CheckpointException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The files of a tokenizer folder, read and checked. */
final class ClipTokenizerFiles {
  static final String VOCABULARY = "vocab.json";
  static final String MERGES = "merges.txt";
  static final String SPECIAL_TOKENS = "special_tokens_map.json";
  static final String CONFIG = "tokenizer_config.json";

  /** Prompt length of every published CLIP model. */
  static final int USUAL_LENGTH = 77;

  private static final ObjectMapper JSON = new ObjectMapper();

  private final Path folder;
  private final Map<String, Integer> vocabulary = new HashMap<>();
  private final Map<Pair, Integer> merges = new HashMap<>();
  private final @Nullable JsonNode specialTokens;
  private final @Nullable JsonNode config;

  /** Two neighbouring symbols of a word. */
  record Pair(String left, String right) {}

  ClipTokenizerFiles(Path folder) {
    this.folder = folder;
    readVocabulary();
    readMerges();
    specialTokens = optionalJson(SPECIAL_TOKENS);
    config = optionalJson(CONFIG);
  }

  private void readVocabulary() {
    Path file = folder.resolve(VOCABULARY);
    json(file)
        .properties()
        .forEach(
            entry -> {
              if (!entry.getValue().canConvertToInt() || entry.getValue().intValue() < 0) {
                throw new CheckpointException(
                    "%s: token '%s' has id %s, expected a number from 0"
                        .formatted(file, entry.getKey(), entry.getValue()));
              }
              vocabulary.put(entry.getKey(), entry.getValue().intValue());
            });
  }

  private void readMerges() {
    Path file = folder.resolve(MERGES);
    List<String> lines;
    try {
      lines = Files.readAllLines(file);
    } catch (IOException e) {
      throw unreadable(file, e);
    }
    for (int i = 1; i < lines.size(); i++) {
      if (lines.get(i).isEmpty()) {
        continue;
      }
      String[] parts = lines.get(i).split(" ", -1);
      if (parts.length != 2 || parts[0].isEmpty() || parts[1].isEmpty()) {
        throw new CheckpointException(
            "%s:%d: found '%s', expected two symbols with one space between"
                .formatted(file, i + 1, lines.get(i)));
      }
      merges.putIfAbsent(new Pair(parts[0], parts[1]), merges.size());
    }
  }

  private static JsonNode json(Path file) {
    try {
      JsonNode node = JSON.readTree(file.toFile());
      if (!node.isObject()) {
        throw new CheckpointException(file + ": found no JSON object, expected one");
      }
      return node;
    } catch (IOException e) {
      throw unreadable(file, e);
    }
  }

  private @Nullable JsonNode optionalJson(String name) {
    Path file = folder.resolve(name);
    return Files.exists(file) ? json(file) : null;
  }

  private static CheckpointException unreadable(Path file, IOException e) {
    return new CheckpointException(
        "%s: cannot be read (%s). Point to the tokenizer folder of a checkpoint, with %s and %s"
            .formatted(file, e.getMessage(), VOCABULARY, MERGES),
        e);
  }

  Map<String, Integer> vocabulary() {
    return vocabulary;
  }

  /** Ranks from 0, the best. */
  Map<Pair, Integer> merges() {
    return merges;
  }

  /** The id of a token that must exist. */
  int id(String token) {
    Integer id = vocabulary.get(token);
    if (id == null) {
      throw new CheckpointException(
          "%s: there is no token '%s'. Use a vocabulary in the CLIP layout, which ends in its special tokens"
              .formatted(folder.resolve(VOCABULARY), token));
    }
    return id;
  }

  /** The token that plays a role, for instance {@code pad_token}. */
  String role(String role, String usual) {
    for (JsonNode file : new @Nullable JsonNode[] {specialTokens, config}) {
      JsonNode value = file == null ? null : file.get(role);
      if (value != null && value.isObject()) {
        value = value.get("content");
      }
      if (value != null && value.isTextual()) {
        return value.asText();
      }
    }
    return usual;
  }

  /** Further tokens that the configuration takes out of the text before it is encoded. */
  Map<String, Integer> addedTokens() {
    Map<String, Integer> tokens = new HashMap<>();
    if (config != null) {
      config
          .path("added_tokens_decoder")
          .properties()
          .forEach(
              entry -> {
                String content = entry.getValue().path("content").asText();
                if (!content.isEmpty()) {
                  tokens.put(content, addedId(entry.getKey()));
                }
              });
    }
    return tokens;
  }

  private int addedId(String key) {
    try {
      return Integer.parseUnsignedInt(key);
    } catch (NumberFormatException e) {
      throw new CheckpointException(
          "%s: added_tokens_decoder has the key '%s', expected a token id"
              .formatted(folder.resolve(CONFIG), key),
          e);
    }
  }

  int maxLength() {
    JsonNode length = config == null ? null : config.get("model_max_length");
    return length != null && length.canConvertToInt() && length.intValue() >= 2
        ? length.intValue()
        : USUAL_LENGTH;
  }
}
