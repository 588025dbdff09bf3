package dmdx.runner.stage;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dmdx.api.Precision;
import dmdx.runner.report.RunFolder;
import dmdx.runner.train.OptimizerSettings.Offload;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RunJournalTests {
  private static final List<StageOutline> STAGES =
      List.of(
          StageOutline.of("adp", Precision.FP32, Offload.NONE).note("first"),
          StageOutline.of("adm", Precision.FP32, Offload.NONE).note("second"));

  @TempDir Path folder;

  private JsonNode content() throws IOException {
    return new ObjectMapper().readTree(folder.resolve(RunFolder.STAGES).toFile());
  }

  private String states() throws IOException {
    JsonNode stages = content().path("stages");
    return stages.at("/0/state").asText() + ", " + stages.at("/1/state").asText();
  }

  @Test
  void tells_how_far_a_run_is() throws IOException {
    RunJournal journal = RunJournal.begin(folder, STAGES);
    assertEquals("waiting, waiting", states());
    assertEquals("second", content().at("/stages/1/notes/0").asText());
    assertEquals(ProcessHandle.current().pid(), content().at("/process/id").asLong());
    journal.begin("adp");
    assertEquals("running, waiting", states());
    journal.done("adp");
    journal.begin("adm");
    journal.stopped("adm", "iteration 3: the loss is NaN");
    assertEquals("done, stopped", states());
    assertTrue(content().at("/stages/0/seconds").isNumber());
    assertEquals("iteration 3: the loss is NaN", content().at("/stages/1/message").asText());
  }

  @Test
  void a_resumed_run_keeps_what_was_spent() throws IOException {
    Files.writeString(
        folder.resolve(RunFolder.STAGES),
        """
        {"stages": [
          {"name": "adp", "state": "done", "seconds": 10, "started": "2026-01-01T12:00:00Z"},
          {"name": "adm", "state": "stopped", "seconds": 20, "message": "stopped", "notes": ["old"]}]}
        """);
    RunJournal journal = RunJournal.begin(folder, STAGES);
    journal.begin("adp");
    journal.done("adp");
    assertEquals(10, content().at("/stages/0/seconds").asDouble());
    assertEquals("2026-01-01T12:00:00Z", content().at("/stages/0/started").asText());
    journal.begin("adm");
    assertEquals("done, running", states());
    assertFalse(content().at("/stages/1").has("message"));
    journal.done("adm");
    assertTrue(content().at("/stages/1/seconds").asDouble() >= 20);
    assertEquals("second", content().at("/stages/1/notes/0").asText());
  }

  @Test
  void a_broken_journal_is_written_anew() throws IOException {
    Files.writeString(folder.resolve(RunFolder.STAGES), "{\"stages\": [");
    RunJournal.begin(folder, STAGES);
    assertEquals("waiting, waiting", states());
  }
}
