package dmdx.runner.report;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import java.io.BufferedWriter;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * {@code metrics.jsonl}: one JSON object a line, {@code {"stage": "adm", "iteration": 120, "time":
 * "2026-01-01T12:00:00Z", "loss.generator": 0.31, …}}.
 *
 * <p>Values that JSON has no number for are the texts {@code "NaN"}, {@code "Infinity"} and {@code
 * "-Infinity"}. Every line is on the disk's side of the process when {@link #append} returns. The
 * newest values are also gauges named {@code dmdx.<metric>} with the tag {@code stage}.
 */
public final class MetricsLog implements AutoCloseable {
  /** Its name in a stage's folder. */
  public static final String FILE = "metrics.jsonl";

  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Set<String> NO_METRIC = Set.of("stage", "iteration", "time");

  private final Path file;
  private final String stage;
  private final BufferedWriter writer;
  private final MeterRegistry meters;
  private final Map<String, AtomicReference<Double>> gauges = new ConcurrentHashMap<>();

  private MetricsLog(Path file, String stage, BufferedWriter writer, MeterRegistry meters) {
    this.file = file;
    this.stage = stage;
    this.writer = writer;
    this.meters = meters;
  }

  /**
   * Opens the file for appending. Lines of this stage beyond {@code done} are dropped: the run that
   * wrote them stopped before its next checkpoint, and they will be written again. So is a last
   * line that is no JSON, as a killed process leaves it.
   *
   * @param done iterations that are already part of the run
   * @throws UncheckedIOException if the file cannot be read or written, naming it
   */
  public static MetricsLog open(Path file, String stage, long done, MeterRegistry meters) {
    try {
      Path parent = file.toAbsolutePath().getParent();
      if (parent != null) {
        Files.createDirectories(parent);
      }
      if (Files.exists(file)) {
        truncate(file, stage, done);
      }
      BufferedWriter writer =
          Files.newBufferedWriter(
              file, StandardCharsets.UTF_8, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
      return new MetricsLog(file, stage, writer, meters);
    } catch (IOException e) {
      throw new UncheckedIOException("%s: cannot be opened".formatted(file), e);
    }
  }

  private static void truncate(Path file, String stage, long done) throws IOException {
    List<String> lines = Files.readAllLines(file, StandardCharsets.UTF_8);
    List<String> kept = new ArrayList<>();
    for (int i = 0; i < lines.size(); i++) {
      JsonNode line = parse(lines.get(i));
      if (line == null && i < lines.size() - 1) {
        throw new IOException("line %d is no JSON object".formatted(i + 1));
      }
      boolean ours = line != null && stage.equals(line.path("stage").asText());
      if (line != null && !(ours && line.path("iteration").asLong() > done)) {
        kept.add(lines.get(i));
      }
    }
    if (kept.size() < lines.size()) {
      Path aside = file.resolveSibling("." + file.getFileName() + ".tmp");
      Files.write(aside, kept, StandardCharsets.UTF_8);
      Files.move(aside, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    }
  }

  /**
   * The metrics of every line of a file, the oldest first; none if there is no file.
   *
   * @throws UncheckedIOException if it cannot be read, naming it
   */
  public static List<Map<String, Double>> lines(Path file) {
    if (Files.notExists(file)) {
      return List.of();
    }
    try (Stream<String> lines = Files.lines(file, StandardCharsets.UTF_8)) {
      return lines.map(MetricsLog::parse).filter(Objects::nonNull).map(MetricsLog::values).toList();
    } catch (IOException e) {
      throw new UncheckedIOException("%s: cannot be read".formatted(file), e);
    }
  }

  private static Map<String, Double> values(JsonNode line) {
    Map<String, Double> values = new LinkedHashMap<>();
    for (Map.Entry<String, JsonNode> field : line.properties()) {
      if (!NO_METRIC.contains(field.getKey())) {
        values.put(field.getKey(), Double.valueOf(field.getValue().asText()));
      }
    }
    return values;
  }

  private static @Nullable JsonNode parse(String line) {
    try {
      JsonNode node = JSON.readTree(line);
      return node.isObject() ? node : null;
    } catch (JsonProcessingException e) {
      return null;
    }
  }

  /**
   * Adds a line.
   *
   * @param iteration iterations done
   */
  public void append(long iteration, Map<String, Double> values) {
    ObjectNode line = JSON.createObjectNode();
    line.put("stage", stage).put("iteration", iteration).put("time", Instant.now().toString());
    values.forEach(
        (name, value) -> {
          if (Double.isFinite(value)) {
            line.put(name, value);
          } else {
            line.put(name, Double.toString(value));
          }
          gauge(name).set(value);
        });
    gauge("iteration").set((double) iteration);
    try {
      writer.write(JSON.writeValueAsString(line));
      writer.write('\n');
      writer.flush();
    } catch (IOException e) {
      throw new UncheckedIOException("%s: cannot be written".formatted(file), e);
    }
  }

  private AtomicReference<Double> gauge(String name) {
    return gauges.computeIfAbsent(
        name,
        n -> {
          AtomicReference<Double> value = new AtomicReference<>(Double.NaN);
          Gauge earlier = meters.find("dmdx." + n).tag("stage", stage).gauge();
          if (earlier != null) {
            meters.remove(earlier);
          }
          Gauge.builder("dmdx." + n, value, AtomicReference::get)
              .tag("stage", stage)
              .strongReference(true)
              .register(meters);
          return value;
        });
  }

  @Override
  public void close() {
    try {
      writer.close();
    } catch (IOException e) {
      throw new UncheckedIOException("%s: cannot be written".formatted(file), e);
    }
  }
}
