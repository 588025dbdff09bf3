package dmdx.runner.stage;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dmdx.runner.checkpoint.Folders;
import dmdx.runner.report.RunFolder;
import dmdx.runner.report.RunProcess;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * {@code stages.json} in a run's folder: what was planned, how far it came and which process is at
 * work, so that others can watch.
 *
 * <pre>
 * {"process": {"id": 4711, "started": "2026-01-01T12:00:00Z", "host": "name"},
 *  "stages": [{"name": "adm", "state": "waiting" | "running" | "done" | "stopped",
 *    "started": …, "begun": the newest attempt, "ended": …, "seconds": of ended attempts, "message": why it stopped,
 *    "roles": [{"role": "student", "parameters": 10, "trained": true, "bytes": 120}, …],
 *    "notes": […]}, …]}
 * </pre>
 */
final class RunJournal {
  private static final Logger LOG = LoggerFactory.getLogger(RunJournal.class);
  private static final ObjectMapper JSON =
      new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT);
  private final Path file;
  private final ObjectNode content = JSON.createObjectNode();
  private Instant begun = Instant.now();

  private RunJournal(Path file) {
    this.file = file;
  }

  /** Begins an attempt at these stages; what earlier attempts spent is kept. */
  static RunJournal begin(Path folder, List<StageOutline> stages) {
    RunJournal journal = new RunJournal(folder.resolve(RunFolder.STAGES));
    JsonNode earlier = journal.read();
    RunProcess.current().describe(journal.content.putObject("process"));
    ArrayNode all = journal.content.putArray("stages");
    for (StageOutline outline : stages) {
      ObjectNode stage = all.addObject().put("name", outline.stage()).put("state", "waiting");
      for (JsonNode old : earlier.path("stages")) {
        if (old.isObject() && outline.stage().equals(old.path("name").asText())) {
          stage.setAll((ObjectNode) old);
          stage.remove("message");
        }
      }
      describe(stage, outline);
    }
    journal.write();
    return journal;
  }

  private JsonNode read() {
    try {
      return Files.exists(file) ? JSON.readTree(file.toFile()) : JSON.createObjectNode();
    } catch (JsonProcessingException e) {
      LOG.warn("{}: is no JSON and is written anew", file);
      return JSON.createObjectNode();
    } catch (IOException e) {
      throw new UncheckedIOException("%s: cannot be read".formatted(file), e);
    }
  }

  private static void describe(ObjectNode stage, StageOutline outline) {
    ArrayNode roles = stage.putArray("roles");
    for (StageOutline.RoleOutline role : outline.roles()) {
      roles
          .addObject()
          .put("role", role.role())
          .put("parameters", role.parameters())
          .put("trained", role.trained())
          .put("bytes", role.bytes());
    }
    ArrayNode notes = stage.putArray("notes");
    outline.notes().forEach(notes::add);
  }

  private ObjectNode stage(String name) {
    for (JsonNode stage : content.path("stages")) {
      if (name.equals(stage.path("name").asText())) {
        return (ObjectNode) stage;
      }
    }
    throw new IllegalArgumentException("no stage '%s' was planned".formatted(name));
  }

  /** A stage begins, or goes on. One that was done keeps its times. */
  void begin(String name) {
    begun = Instant.now();
    ObjectNode stage = stage(name);
    if (!stage.has("started")) {
      stage.put("started", begun.toString());
    }
    if (!stage.path("state").asText().equals("done")) {
      stage.put("state", "running").put("begun", begun.toString()).remove("ended");
      write();
    }
  }

  /** The stage that was begun is done. */
  void done(String name) {
    ObjectNode stage = stage(name);
    if (!stage.path("state").asText().equals("done")) {
      end(stage, "done");
    }
  }

  /**
   * The stage that was begun stopped.
   *
   * @param why for the reader of a report
   */
  void stopped(String name, String why) {
    end(stage(name).put("message", why), "stopped");
  }

  private void end(ObjectNode stage, String state) {
    Instant now = Instant.now();
    double seconds = Duration.between(begun, now).toMillis() / 1e3;
    stage.put("state", state).put("ended", now.toString());
    stage.put("seconds", stage.path("seconds").asDouble() + seconds);
    write();
  }

  private void write() {
    try {
      Folders.replace(file, JSON.writeValueAsBytes(content));
    } catch (JsonProcessingException e) {
      throw new UncheckedIOException(e);
    }
  }
}
