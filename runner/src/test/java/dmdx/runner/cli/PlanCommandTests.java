package dmdx.runner.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@Tag("e2e")
class PlanCommandTests {
  @TempDir static Path folder;
  private static TinyCommand tiny;
  private String out = "";

  @BeforeAll
  static void pretrainsTheTeacher() throws IOException {
    tiny = TinyCommand.create(folder);
  }

  /** The cells of a stage's row in the table of memory, below their headings. */
  private List<List<String>> memory(String... settings) {
    out = tiny.run("plan", tiny.adm("planned", settings));
    List<String> lines = out.strip().lines().toList();
    return List.of(
        TinyCommand.cells(lines.get(lines.size() - 3)),
        TinyCommand.cells(lines.get(lines.size() - 1)));
  }

  private static long cell(List<List<String>> table, String heading) {
    int column = table.get(0).indexOf(heading);
    return Long.parseLong(table.get(1).get(column).replace(",", ""));
  }

  @Test
  void tells_the_peak_with_activations_kept_and_recomputed() {
    List<List<String>> kept = memory();
    List<List<String>> recomputed = memory("memory.recompute-activations=true");
    assertEquals(cell(kept, "peak"), cell(recomputed, "peak, activations kept"));
    assertEquals(cell(recomputed, "peak"), cell(kept, "peak, activations recomputed"));
    assertTrue(cell(recomputed, "peak") <= cell(kept, "peak"), kept + " " + recomputed);
  }

  @Test
  void tells_where_roles_lie_and_how_much_disk_they_take() {
    List<List<String>> disk = memory("adm.fake.offload=disk");
    assertTrue(cell(disk, "scratch files") > 0, disk::toString);
    assertTrue(cell(disk, "files kept") >= 0, disk::toString);
    assertTrue(out.contains("trained, on disk"), out);
    assertTrue(!memory().get(0).contains("scratch files"));
    memory("device=cuda", "memory.offload-frozen=true");
    assertTrue(out.contains("frozen, in host memory"), out);
    assertTrue(out.contains("MiB of the GPU"), out);
  }

  @Test
  void writes_nothing() {
    memory();
    assertTrue(Files.notExists(folder.resolve("runs/planned")));
  }
}
