package dmdx.runner.stage;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dmdx.api.settings.SettingsException;
import dmdx.nn.weights.Unreadable;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.apache.commons.csv.CSVException;
import org.apache.commons.csv.CSVFormat;
import org.apache.commons.csv.CSVParser;
import org.apache.commons.csv.CSVRecord;
import org.jspecify.annotations.Nullable;

/** Reads the prompts of a file and finds all that is wrong with it. */
final class PromptFile {
  private static final ObjectMapper JSON = new ObjectMapper();

  /** Where a prompt is, unless the configuration says. */
  private static final List<String> USUAL = List.of("prompt", "text", "caption", "prompt_en");

  /** How a file is laid out. */
  enum Format {
    /** A prompt a line. */
    TEXT,
    /** A JSON object a line. */
    JSONL,
    /** Fields between commas, quoted where need be (RFC 4180), under a heading. */
    CSV,
    /** Fields between tabs, never quoted, under a heading. */
    TSV,
    /** A JSON array of objects, as VBench has it: {@code prompt_en}, {@code dimension}, … */
    JSON;

    static List<String> names() {
      return List.of("text", "jsonl", "csv", "tsv", "json");
    }

    static Format of(String name) {
      return valueOf(name.toUpperCase(Locale.ROOT));
    }

    /** By the end of a file's name; text unless it is a known one. */
    static Format of(Path file) {
      String name = file.toString().toLowerCase(Locale.ROOT);
      String end = name.substring(name.lastIndexOf('.') + 1);
      return switch (end) {
        case "jsonl", "ndjson" -> JSONL;
        case "csv" -> CSV;
        case "tsv" -> TSV;
        case "json" -> JSON;
        default -> TEXT;
      };
    }
  }

  private final Path file;
  private final @Nullable String column;
  private final Map<String, String> where;
  private final List<String> prompts = new ArrayList<>();
  private final List<String> problems = new ArrayList<>();

  private PromptFile(Path file, @Nullable String column, Map<String, String> where) {
    this.file = file;
    this.column = column;
    this.where = where;
  }

  /**
   * @param column field of the prompt; {@code null} for the first that is there of prompt, text,
   *     caption and prompt_en
   * @param where values of fields that rows must have, in a list of texts among others; other rows
   *     are left out
   * @return in file order, none blank, at least one
   * @throws SettingsException with all problems, by line
   */
  static List<String> read(
      Path file, Format format, @Nullable String column, Map<String, String> where) {
    PromptFile reading = new PromptFile(file, column, where);
    try {
      switch (format) {
        case TEXT -> reading.lines();
        case JSONL -> reading.jsonLines();
        case CSV -> reading.table(CSVFormat.RFC4180.builder());
        case TSV -> reading.table(CSVFormat.TDF.builder().setQuote(null));
        case JSON -> reading.jsonArray();
      }
    } catch (IOException e) {
      reading.problems.add(
          "%s: cannot be read (%s). Correct 'prompts.file'.".formatted(file, Unreadable.why(e)));
    }
    if (reading.prompts.isEmpty() && reading.problems.isEmpty()) {
      reading.problems.add(
          "%s: holds no prompt%s."
              .formatted(file, where.isEmpty() ? "" : " that 'prompts.where' lets through"));
    }
    if (!reading.problems.isEmpty()) {
      throw new SettingsException(reading.problems);
    }
    return reading.prompts;
  }

  private void problem(long line, String message) {
    problems.add("%s:%d: %s".formatted(file, line, message));
  }

  private void lines() throws IOException {
    if (column != null || !where.isEmpty()) {
      problems.add(
          "%s: is a text without fields, so 'prompts.column' and 'prompts.where' mean nothing. Take them out, or set 'prompts.format'."
              .formatted(file));
    }
    List<String> lines = Files.readAllLines(file);
    for (int i = 0; i < lines.size(); i++) {
      if (lines.get(i).isBlank()) {
        problem(i + 1, "blank line. Put one prompt on every line.");
      } else {
        prompts.add(lines.get(i).strip());
      }
    }
  }

  private void jsonLines() throws IOException {
    List<String> lines = Files.readAllLines(file);
    for (int i = 0; i < lines.size(); i++) {
      try {
        object(i + 1, JSON.readTree(lines.get(i)));
      } catch (JsonProcessingException e) {
        problem(
            i + 1, "is no JSON (%s). Put one object on every line.".formatted(Unreadable.why(e)));
      }
    }
  }

  private void jsonArray() throws IOException {
    try (BufferedReader reader = Files.newBufferedReader(file);
        JsonParser parser = JSON.createParser(reader)) {
      if (parser.nextToken() != JsonToken.START_ARRAY) {
        problems.add("%s: expected an array of objects. Set 'prompts.format'.".formatted(file));
        return;
      }
      while (parser.nextToken() != JsonToken.END_ARRAY) {
        int line = parser.currentTokenLocation().getLineNr();
        object(line, parser.readValueAsTree());
      }
    } catch (JsonProcessingException e) {
      int line = e.getLocation() == null ? 1 : e.getLocation().getLineNr();
      problem(line, "is no JSON (%s).".formatted(Unreadable.why(e)));
    }
  }

  private void object(long line, @Nullable JsonNode node) {
    if (node == null || !node.isObject()) {
      problem(line, "expected an object such as {\"prompt\": \"a lighthouse\"}.");
      return;
    }
    Map<String, List<String>> fields = new LinkedHashMap<>();
    node.properties()
        .forEach(
            field -> {
              List<String> values = new ArrayList<>();
              if (field.getValue().isArray()) {
                field.getValue().forEach(value -> values.add(value.asText()));
              } else {
                values.add(field.getValue().isTextual() ? field.getValue().asText() : "");
              }
              fields.put(field.getKey(), values);
            });
    row(line, fields);
  }

  private void table(CSVFormat.Builder builder) throws IOException {
    CSVFormat format = builder.setIgnoreEmptyLines(false).get();
    try (BufferedReader reader = Files.newBufferedReader(file, StandardCharsets.UTF_8);
        CSVParser parser = format.parse(reader)) {
      Iterator<CSVRecord> records = parser.iterator();
      List<String> headings = records.hasNext() ? records.next().toList() : List.of();
      while (true) {
        long line = parser.getCurrentLineNumber() + 1;
        try {
          if (!records.hasNext()) {
            return;
          }
          record(line, headings, records.next().toList());
        } catch (UncheckedIOException e) {
          problem(line, "is no row (%s). Close every quote.".formatted(cause(e)));
          return;
        }
      }
    }
  }

  private static String cause(UncheckedIOException e) {
    return e.getCause() instanceof CSVException
        ? "unbalanced quotes"
        : String.valueOf(e.getMessage());
  }

  private void record(long line, List<String> headings, List<String> values) {
    if (values.size() != headings.size()) {
      problem(
          line,
          "has %d fields, expected %d: %s."
              .formatted(values.size(), headings.size(), String.join(", ", headings)));
      return;
    }
    Map<String, List<String>> fields = new LinkedHashMap<>();
    for (int i = 0; i < values.size(); i++) {
      fields.put(headings.get(i), List.of(values.get(i)));
    }
    row(line, fields);
  }

  /** Takes the prompt of one row, if the row is wanted. */
  private void row(long line, Map<String, List<String>> fields) {
    for (Map.Entry<String, String> wanted : where.entrySet()) {
      List<String> values = fields.get(wanted.getKey());
      if (values == null) {
        problem(line, unknown(wanted.getKey(), "'prompts.where'", fields));
        return;
      }
      if (!values.contains(wanted.getValue())) {
        return;
      }
    }
    String name = column == null ? usual(fields) : column;
    List<String> values = name == null ? null : fields.get(name);
    if (values == null) {
      problem(line, unknown(name == null ? "prompt" : name, "'prompts.column'", fields));
    } else if (values.size() != 1 || values.get(0).isBlank()) {
      problem(line, "'%s' is no text or blank. Give every row a prompt.".formatted(name));
    } else {
      prompts.add(values.get(0).strip());
    }
  }

  private static String unknown(String name, String setting, Map<String, List<String>> fields) {
    return "there is no field '%s', only %s. Correct %s."
        .formatted(name, String.join(", ", fields.keySet()), setting);
  }

  private static @Nullable String usual(Map<String, List<String>> fields) {
    for (String name : USUAL) {
      for (String field : fields.keySet()) {
        if (field.equalsIgnoreCase(name)) {
          return field;
        }
      }
    }
    return null;
  }
}
