package dmdx.runner.stage;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dmdx.runner.checkpoint.Folders;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * {@code timings.json} in a run's folder: {@code {"adm": {"seconds": 71.3, "finished": true}, …}}.
 * A stage that was stopped and went on has the sum of its parts; time that ended with the death of
 * the process is not counted, and once a stage is finished its time stays.
 */
public final class Timings {
  private static final ObjectMapper JSON =
      new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT);
  private static final String NAME = "timings.json";
  private static final String SECONDS = "seconds";
  private static final String FINISHED = "finished";

  private final Path file;

  private Timings(Path file) {
    this.file = file;
  }

  /** Those of a run's folder. */
  public static Timings in(Path run) {
    return new Timings(run.resolve(NAME));
  }

  /** Seconds of every finished stage, in the order they were finished first. */
  public Map<String, Double> finished() {
    Map<String, Double> seconds = new LinkedHashMap<>();
    for (Map.Entry<String, JsonNode> stage : read().properties()) {
      if (stage.getValue().path(FINISHED).asBoolean()) {
        seconds.put(stage.getKey(), stage.getValue().path(SECONDS).asDouble());
      }
    }
    return seconds;
  }

  /** Adds to a stage's time, unless it was finished before. */
  public void add(String stage, double seconds, boolean finished) {
    ObjectNode all = read();
    JsonNode before = all.path(stage);
    if (before.path(FINISHED).asBoolean()) {
      return;
    }
    all.putObject(stage)
        .put(SECONDS, before.path(SECONDS).asDouble(0) + seconds)
        .put(FINISHED, finished);
    try {
      Folders.replace(file, JSON.writeValueAsBytes(all));
    } catch (IOException e) {
      throw new UncheckedIOException("%s: cannot be written".formatted(file), e);
    }
  }

  /** What the file holds; nothing if it cannot be read, since no result depends on it. */
  private ObjectNode read() {
    try {
      return Files.exists(file) && JSON.readTree(file.toFile()) instanceof ObjectNode all
          ? all
          : JSON.createObjectNode();
    } catch (IOException e) {
      return JSON.createObjectNode();
    }
  }
}
