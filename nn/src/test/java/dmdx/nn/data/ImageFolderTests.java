package dmdx.nn.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ImageFolderTests {
  @TempDir private Path folder = Path.of("");

  private void picture(String name, int width, int height, int rgb) throws IOException {
    BufferedImage image = new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB);
    for (int i = 0; i < width * height; i++) {
      image.setRGB(i % width, i / width, rgb);
    }
    ImageIO.write(image, "png", folder.resolve(name).toFile());
  }

  private void metadata(String text) throws IOException {
    Files.writeString(folder.resolve(ImageFolder.METADATA), text);
  }

  @Test
  void batches_hold_the_asked_rows_as_planes_in_minus_one_to_one() throws IOException {
    picture("a.png", 2, 3, 0xff0080);
    picture("b.png", 2, 3, 0x00ff00);
    metadata(
        """
        {"file_name": "a.png", "text": "first"}

        {"file_name": "b.png", "text": "second", "other": 1}
        """);
    ImageFolder images = ImageFolder.read(folder, 2, 3);
    assertEquals(2, images.size());
    assertEquals("second", images.caption(1));
    try (NDManager manager = NDManager.newBaseManager()) {
      NDArray batch = images.batch(new int[] {1, 0, 1}, manager);
      assertEquals(new Shape(3, 3, 3, 2), batch.getShape());
      float blue = 128 / 127.5f - 1;
      assertArrayEquals(
          new float[] {-1, 1, -1, 1, -1, blue, -1, 1, -1},
          batch.get(":, :, 2, 1").toFloatArray(),
          1e-6f);
    }
  }

  @Test
  void pictures_of_another_size_are_scaled_and_cropped() throws IOException {
    picture("wide.png", 40, 16, 0xffffff);
    metadata("{\"file_name\": \"wide.png\", \"text\": \"\"}");
    try (NDManager manager = NDManager.newBaseManager()) {
      NDArray batch = ImageFolder.read(folder, 4, 4).batch(new int[] {0}, manager);
      assertEquals(new Shape(1, 3, 4, 4), batch.getShape());
      assertEquals(1, batch.min().getFloat(), 1e-6);
    }
  }

  @Test
  void every_bad_line_is_reported_with_its_number() throws IOException {
    picture("a.png", 2, 2, 0);
    Files.writeString(folder.resolve("text.png"), "no picture");
    metadata(
        """
        {"file_name": "a.png", "text": "good"}
        {"file_name": "a.png"}
        not json
        {"file_name": "absent.png", "text": "x"}
        {"file_name": "text.png", "text": "x"}
        """);
    String message =
        assertThrows(DatasetException.class, () -> ImageFolder.read(folder, 2, 2)).getMessage();
    String[] lines = message.split("\n");
    assertEquals(4, lines.length, message);
    assertTrue(lines[0].contains("metadata.jsonl:2: 'text' is missing"), message);
    assertTrue(lines[1].contains("metadata.jsonl:3: not a JSON object"), message);
    assertTrue(lines[2].contains(":4: there is no image") && lines[2].contains("absent.png"));
    assertTrue(lines[3].contains(":5:") && lines[3].contains("no image of a known format"));
  }

  @Test
  void a_folder_without_metadata_or_pictures_is_refused() throws IOException {
    assertTrue(
        assertThrows(DatasetException.class, () -> ImageFolder.read(folder, 2, 2))
            .getMessage()
            .contains("there is no such file"));
    metadata("\n");
    assertTrue(
        assertThrows(DatasetException.class, () -> ImageFolder.read(folder, 2, 2))
            .getMessage()
            .contains("lists no image"));
  }
}
