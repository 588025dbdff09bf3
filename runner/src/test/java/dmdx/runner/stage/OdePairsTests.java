package dmdx.runner.stage;

import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.Device;
import ai.djl.ndarray.NDManager;
import dmdx.api.CheckpointException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class OdePairsTests {
  private static final OdePairs.Origin ORIGIN =
      new OdePairs.Origin("own", "a", "b", "ode", 2, List.of(1.0, 2.0), 0, List.of(1L), 2, 2);
  @TempDir Path folder;

  private String message(Runnable reading) {
    return assertThrows(CheckpointException.class, reading::run).getMessage();
  }

  @Test
  void a_missing_manifest_is_made_by_collecting_and_a_damaged_one_by_deleting_first()
      throws IOException {
    OdePairs pairs = new OdePairs(folder);
    String missing = message(() -> pairs.requireComplete(ORIGIN));
    assertTrue(missing.endsWith(": there is no such file. Run the 'collect' stage first."));
    Files.writeString(folder.resolve("manifest.json"), "{\"steps\": ");
    String damaged = message(() -> pairs.begin(ORIGIN));
    assertTrue(
        damaged.endsWith(
            "Delete the folder %s and run the 'collect' stage anew.".formatted(folder)),
        damaged);
    assertTrue(!damaged.contains("Source"), damaged);
  }

  @Test
  void a_damaged_shard_is_to_be_deleted() throws IOException {
    OdePairs pairs = new OdePairs(folder);
    Files.writeString(pairs.shardFile(0), "damaged");
    try (NDManager manager = NDManager.newBaseManager(Device.cpu())) {
      String message = message(() -> pairs.open(ORIGIN, manager).close());
      assertTrue(message.startsWith(pairs.shardFile(0).toString()), message);
      assertTrue(
          message.endsWith(
              "Delete this file and run the 'collect' stage again, which makes it anew."),
          message);
    }
  }
}
