package dmdx.nn.weights;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;

class UnreadableTests {
  @TempDir Path folder;

  private static String why(Executable reading) {
    return Unreadable.why(assertThrows(IOException.class, reading));
  }

  @Test
  void broken_json_is_told_with_its_line_and_no_remarks_on_the_source() throws IOException {
    Path file = Files.writeString(folder.resolve("x.json"), "{\"a\": 1,\n \"b\": ");
    String why = why(() -> new ObjectMapper().readTree(Files.readString(file)));
    assertEquals(
        "line 2: Unexpected end-of-input within/between Object entries",
        why.replaceAll(" \\(start marker.*", ""));
    assertEquals(-1, why.indexOf("Source"), why);
    String open = why(() -> new ObjectMapper().readTree(file.toFile()));
    assertEquals(-1, open.indexOf("Source"), open);
  }

  @Test
  void other_reasons_are_told_without_the_path() throws IOException {
    Path latin = Files.write(folder.resolve("latin.txt"), new byte[] {'a', (byte) 0xe9, 'b'});
    assertEquals("it is not UTF-8", why(() -> Files.readString(latin)));
    Path missing = folder.resolve("missing");
    assertEquals("there is no such file", why(() -> Files.readString(missing)));
    assertEquals(
        "No such file or directory", why(() -> new ObjectMapper().readTree(missing.toFile())));
  }
}
