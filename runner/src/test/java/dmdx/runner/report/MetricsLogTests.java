package dmdx.runner.report;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Map;
import java.util.stream.LongStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MetricsLogTests {
  @TempDir Path folder;
  private final SimpleMeterRegistry meters = new SimpleMeterRegistry();
  private Path file;

  @BeforeEach
  void nameFile() {
    file = folder.resolve("adm/metrics.jsonl");
  }

  private void log(String stage, long done, long... iterations) {
    try (MetricsLog log = MetricsLog.open(file, stage, done, meters)) {
      LongStream.of(iterations).forEach(i -> log.append(i, Map.of("loss", (double) i)));
    }
  }

  private List<String> lines() throws IOException {
    return Files.readAllLines(file).stream()
        .map(
            line -> {
              try {
                JsonNode node = new ObjectMapper().readTree(line);
                return node.get("stage").asText() + " " + node.get("iteration").asLong();
              } catch (IOException e) {
                throw new UncheckedIOException(e);
              }
            })
        .toList();
  }

  @Test
  void every_line_is_in_the_file_when_append_returns() throws IOException {
    try (MetricsLog log = MetricsLog.open(file, "adm", 0, meters)) {
      log.append(10, Map.of("loss", 0.5));
      assertEquals(List.of("adm 10"), lines());
      log.append(20, Map.of("loss", 0.25));
      assertEquals(List.of("adm 10", "adm 20"), lines());
    }
  }

  @Test
  void writes_what_is_no_number_as_text() throws IOException {
    try (MetricsLog log = MetricsLog.open(file, "adm", 0, meters)) {
      log.append(1, Map.of("nan", Double.NaN, "inf", Double.NEGATIVE_INFINITY, "x", 1e-7));
    }
    JsonNode line = new ObjectMapper().readTree(Files.readString(file));
    assertEquals("NaN", line.get("nan").textValue());
    assertEquals("-Infinity", line.get("inf").textValue());
    assertEquals(1e-7, line.get("x").doubleValue());
  }

  @Test
  void resuming_drops_the_lines_of_iterations_that_will_be_done_again() throws IOException {
    log("adp", 0, 10, 20);
    log("adm", 0, 10, 20, 30);
    log("adm", 20, 30, 40);
    assertEquals(List.of("adp 10", "adp 20", "adm 10", "adm 20", "adm 30", "adm 40"), lines());
  }

  @Test
  void resuming_drops_half_a_last_line() throws IOException {
    log("adm", 0, 10, 20);
    Files.writeString(file, "{\"stage\": \"ad", StandardOpenOption.APPEND);
    log("adm", 20, 30);
    assertEquals(List.of("adm 10", "adm 20", "adm 30"), lines());
  }

  @Test
  void rejects_a_file_that_is_no_log() throws IOException {
    Files.createDirectories(file.getParent());
    Files.write(file, List.of("hello", "{}"));
    UncheckedIOException problem =
        assertThrows(UncheckedIOException.class, () -> MetricsLog.open(file, "adm", 0, meters));
    assertEquals(file + ": cannot be opened", problem.getMessage());
    assertEquals(List.of("hello", "{}"), Files.readAllLines(file));
  }

  @Test
  void newest_values_are_gauges() {
    log("adm", 0, 10);
    log("adm", 10, 20);
    assertEquals(20, meters.get("dmdx.loss").tag("stage", "adm").gauge().value());
    assertEquals(20, meters.get("dmdx.iteration").tag("stage", "adm").gauge().value());
  }

  @Test
  void endpoint_serves_the_gauges() throws IOException {
    PrometheusMeterRegistry prometheus = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
    try (MetricsLog log = MetricsLog.open(file, "adm", 0, prometheus);
        MetricsEndpoint endpoint = MetricsEndpoint.start(prometheus, 0)) {
      log.append(7, Map.of("loss.generator", 0.5));
      URI uri = URI.create("http://127.0.0.1:" + endpoint.port() + "/metrics");
      try (InputStream in = uri.toURL().openStream()) {
        String text = new String(in.readAllBytes(), StandardCharsets.UTF_8);
        assertTrue(text.contains("dmdx_loss_generator{stage=\"adm\"} 0.5"), text);
      }
      assertThrows(
          UncheckedIOException.class, () -> MetricsEndpoint.start(prometheus, endpoint.port()));
    }
  }
}
