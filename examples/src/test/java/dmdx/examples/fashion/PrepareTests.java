package dmdx.examples.fashion;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dmdx.nn.data.DatasetException;
import dmdx.nn.data.ImageFolder;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

class PrepareTests {
  private static final int PICTURES = 10;

  @TempDir private Path folder = Path.of("");

  private void writeSource(int labels) throws IOException {
    try (DataOutputStream out = open("images-idx3-ubyte.gz")) {
      for (int number : new int[] {0x0803, PICTURES, 28, 28}) {
        out.writeInt(number);
      }
      for (int i = 0; i < PICTURES * 28 * 28; i++) {
        out.writeByte(i % 28 < 14 ? 255 : 0);
      }
    }
    try (DataOutputStream out = open("labels-idx1-ubyte.gz")) {
      out.writeInt(0x0801);
      out.writeInt(labels);
      for (int i = 0; i < labels; i++) {
        out.writeByte(i);
      }
    }
  }

  private DataOutputStream open(String name) throws IOException {
    return new DataOutputStream(new GZIPOutputStream(Files.newOutputStream(folder.resolve(name))));
  }

  private Path prepare(String name) {
    Path out = folder.resolve(name);
    String[] arguments = {"--source", folder.toString(), "--out", out.toString()};
    assertEquals(0, new CommandLine(new Prepare()).execute(arguments));
    return out;
  }

  private static Set<String> silhouettes(Path part) throws IOException {
    try (var files = Files.list(part)) {
      return files
          .map(f -> f.getFileName().toString())
          .filter(f -> f.endsWith(".png"))
          .map(f -> f.substring(0, 4))
          .collect(Collectors.toSet());
    }
  }

  @Test
  void no_silhouette_is_in_both_parts() throws IOException {
    writeSource(PICTURES);
    Path out = prepare("data");
    Set<String> train = silhouettes(out.resolve("train"));
    Set<String> heldOut = silhouettes(out.resolve("held-out"));
    assertEquals(8, train.size());
    assertEquals(2, heldOut.size());
    assertTrue(train.stream().noneMatch(heldOut::contains));
  }

  @Test
  void captions_name_one_garment_and_one_colour() throws IOException {
    writeSource(PICTURES);
    ImageFolder images = ImageFolder.read(prepare("data").resolve("train"), 32, 32);
    assertEquals(32, images.size());
    for (String caption : images.captions()) {
      assertTrue(caption.matches("a photo of a [a-z]+ [a-z -]+"), caption);
      Wardrobe.attributes().forEach(a -> assertNotEquals(-1, a.namedIn(caption), caption));
    }
  }

  @Test
  void the_same_seed_gives_the_same_pictures() throws IOException {
    writeSource(PICTURES);
    Path first = prepare("first").resolve("train");
    Path second = prepare("second").resolve("train");
    List<String> metadata = Files.readAllLines(first.resolve(ImageFolder.METADATA));
    assertEquals(metadata, Files.readAllLines(second.resolve(ImageFolder.METADATA)));
    String name = metadata.get(0).split("\"")[3];
    assertEquals(-1, Files.mismatch(first.resolve(name), second.resolve(name)));
  }

  @Test
  void files_that_do_not_belong_together_are_refused() throws IOException {
    writeSource(PICTURES - 1);
    String message =
        assertThrows(DatasetException.class, () -> GreyPictures.read(folder)).getMessage();
    assertTrue(message.contains("10 pictures but 9 labels"), message);
  }
}
