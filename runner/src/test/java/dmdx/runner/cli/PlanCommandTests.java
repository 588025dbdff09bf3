package dmdx.runner.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dmdx.runner.stage.TinyRun;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@Tag("e2e")
class PlanCommandTests {
  @TempDir static Path folder;
  private final StringWriter out = new StringWriter();

  @BeforeAll
  static void pretrainsTheTeacher() throws IOException {
    TinyRun.create(folder).pretrain();
  }

  /** The cells of a stage's row in the table of memory, below their headings. */
  private List<List<String>> memory(String... settings) {
    List<String> arguments = new ArrayList<>(List.of("plan", folder.resolve("run.conf") + ""));
    List<String> all =
        new ArrayList<>(
            List.of(
                "name=planned",
                "runs=" + folder.resolve("runs"),
                "stages=[adm]",
                "adm.start=teacher",
                "teacher.path=" + folder.resolve("trained")));
    all.addAll(List.of(settings));
    all.forEach(setting -> arguments.addAll(List.of("-D", setting)));
    StringWriter err = new StringWriter();
    int code =
        Main.run(new PrintWriter(out), new PrintWriter(err), arguments.toArray(String[]::new));
    assertEquals(Main.OK, code, err::toString);
    List<String> lines = out.toString().strip().lines().toList();
    return List.of(cells(lines.get(lines.size() - 3)), cells(lines.get(lines.size() - 1)));
  }

  private static List<String> cells(String line) {
    return List.of(line.strip().split(" {2,}"));
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
    assertTrue(cell(disk, "on disk") > 0, disk::toString);
    assertTrue(out.toString().contains("trained, on disk"), out::toString);
    assertTrue(!memory().get(0).contains("on disk"));
    memory("device=cuda", "memory.offload-frozen=true");
    assertTrue(out.toString().contains("frozen, in host memory"), out::toString);
    assertTrue(out.toString().contains("MiB of the GPU"), out::toString);
  }

  @Test
  void writes_nothing() {
    memory();
    assertTrue(Files.notExists(folder.resolve("runs/planned")));
  }
}
