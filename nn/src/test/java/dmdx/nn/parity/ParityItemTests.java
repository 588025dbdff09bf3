package dmdx.nn.parity;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;

import ai.djl.ndarray.NDManager;
import dmdx.nn.weights.ModelConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ParityItemTests {
  @TempDir Path folder;

  /** Knows an index that says {@code "kind": "known"}. */
  private static final class Known implements ReferenceCheck {
    @Override
    public boolean accepts(ModelConfig index) {
      return index.text("kind", "").equals("known");
    }

    @Override
    public ParityReport check(ModelConfig index, NDManager manager) {
      return new ParityReport(index.path(), List.of());
    }
  }

  private void write(String file, String text) throws IOException {
    Path path = folder.resolve(file);
    Files.createDirectories(path.getParent());
    Files.writeString(path, text);
  }

  private List<String> found() {
    return ParityItem.find(folder, List.of(), List.of(new Known())).stream()
        .map(
            item ->
                folder.relativize(item.path())
                    + (item.comparison() == null ? ": " + item.problem() : ""))
        .toList();
  }

  @Test
  void an_index_stands_for_its_folder_and_all_below() throws IOException {
    write("a/case.json", "{\"kind\": \"known\"}");
    write("a/other.json", "{}");
    write("a/below/config.json", "{}");
    write("b/cases.json", "{\"kind\": \"known\"}");
    assertEquals(List.of("a", "b"), found());
  }

  @Test
  void any_other_file_stands_for_itself() throws IOException {
    write("a/one.json", "{\"kind\": \"known\"}");
    write("a/two.json", "{\"kind\": \"known\"}");
    write("a/three.json", "{\"kind\": \"else\"}");
    assertEquals(
        List.of("a/one.json", "a/two.json", "a/three.json: no plugin knows what it describes."),
        found());
  }

  @Test
  void what_nobody_knows_is_told_once() throws IOException {
    write("a/case.json", "{\"kind\": \"else\"}");
    write("a/below/case.json", "{\"kind\": \"known\"}");
    write("b/one.json", "{}");
    write("b/two.json", "{}");
    assertEquals(
        List.of(
            "a: no plugin knows what its index describes.",
            "b: no plugin knows what one.json, two.json describe."),
        found());
  }

  @Test
  void folders_without_any_description_are_nothing() throws IOException {
    write("a/b/weights.safetensors", "");
    assertEquals(List.of(), found());
    write("case.json", "{\"kind\": \"known\"}");
    ParityItem whole = ParityItem.find(folder, List.of(), List.of(new Known())).get(0);
    assertEquals(folder, whole.path());
    assertNotNull(whole.comparison());
  }
}
