package dmdx.runner.report;

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
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SampleGridTests {
  private static final int RIGHT = 16;
  @TempDir Path folder;

  /** Pictures of one colour. */
  private static float[] plain(int rows, int size, float r, float g, float b) {
    float[] pixels = new float[rows * 3 * size * size];
    for (int row = 0; row < rows; row++) {
      int plane = size * size;
      int from = row * 3 * plane;
      Arrays.fill(pixels, from, from + plane, r);
      Arrays.fill(pixels, from + plane, from + 2 * plane, g);
      Arrays.fill(pixels, from + 2 * plane, from + 3 * plane, b);
    }
    return pixels;
  }

  private static int rgb(BufferedImage image, int x, int y) {
    return image.getRGB(x, y) & 0xffffff;
  }

  /** The colour in the middle of the last cell of the last row. */
  private static int lastCell(BufferedImage image) {
    return rgb(image, image.getWidth() - RIGHT - 20, image.getHeight() - RIGHT - 20);
  }

  @Test
  void maps_minus_one_to_black_and_one_to_white_and_clamps() {
    assertEquals(
        0xff0080,
        lastCell(
            new SampleGrid(List.of("a")).addColumn("", plain(1, 8, 7, -7, 0.004f), 8, 8).draw()));
    assertEquals(
        0x000000,
        lastCell(new SampleGrid(List.of("a")).addColumn("", plain(1, 8, -1, -1, -1), 8, 8).draw()));
    assertEquals(
        0xffffff,
        lastCell(new SampleGrid(List.of("a")).addColumn("", plain(1, 8, 1, 1, 1), 8, 8).draw()));
  }

  @Test
  void shows_what_is_no_number_in_magenta() {
    float[] pixels = plain(1, 8, 0, 0, Float.NaN);
    assertEquals(
        0xff00ff, lastCell(new SampleGrid(List.of("a")).addColumn("", pixels, 8, 8).draw()));
  }

  @Test
  void enlarges_small_pictures_by_a_whole_factor() {
    BufferedImage one =
        new SampleGrid(List.of("a")).addColumn("", plain(1, 32, 0, 0, 0), 32, 32).draw();
    BufferedImage two =
        new SampleGrid(List.of("a"))
            .addColumn("", plain(1, 32, 0, 0, 0), 32, 32)
            .addColumn("", plain(1, 32, 0, 0, 0), 32, 32)
            .draw();
    assertEquals(4 * 32 + 4, two.getWidth() - one.getWidth());
    BufferedImage rows =
        new SampleGrid(List.of("a", "b")).addColumn("", plain(2, 32, 0, 0, 0), 32, 32).draw();
    assertEquals(4 * 32 + 4, rows.getHeight() - one.getHeight());
  }

  @Test
  void keeps_the_size_of_large_pictures() {
    BufferedImage grid =
        new SampleGrid(List.of("a")).addColumn("", plain(1, 128, 0, 0, 0), 128, 128).draw();
    assertEquals(128 + 2 * 16, grid.getHeight());
  }

  @Test
  void takes_tensors_and_writes_a_picture_that_can_be_read() throws IOException {
    Path file = folder.resolve("samples/00000010.png");
    try (NDManager manager = NDManager.newBaseManager()) {
      NDArray pixels = manager.ones(new Shape(2, 3, 16, 16));
      SampleGrid grid = new SampleGrid(List.of("a red dress", "a blue shirt"));
      grid.addColumn("teacher", pixels).endGroup().addColumn("student", pixels.neg());
      grid.write(file, 8);
      grid.write(file, 8);
    }
    BufferedImage image = ImageIO.read(file.toFile());
    assertEquals(0x000000, lastCell(image));
    try (Stream<Path> files = Files.list(file.getParent())) {
      assertEquals(List.of(file), files.toList());
    }
  }

  @Test
  void rejects_pictures_of_another_shape() {
    SampleGrid grid = new SampleGrid(List.of("a", "b"));
    try (NDManager manager = NDManager.newBaseManager()) {
      NDArray pixels = manager.ones(new Shape(3, 3, 16, 16));
      IllegalArgumentException problem =
          assertThrows(IllegalArgumentException.class, () -> grid.addColumn("", pixels));
      assertEquals(
          "pixels are [3, 3, 16, 16], expected 2 rows of pictures or clips", problem.getMessage());
    }
    assertThrows(IllegalArgumentException.class, () -> new SampleGrid(List.of()));
    assertTrue(
        assertThrows(IllegalStateException.class, grid::draw).getMessage().contains("no column"));
  }

  @Test
  void clips_play_side_by_side_in_a_preview_and_a_video() throws IOException {
    Path file = folder.resolve("samples/00000010.png");
    int still;
    try (NDManager manager = NDManager.newBaseManager()) {
      NDArray dark = manager.ones(new Shape(2, 3, 3, 64, 96)).neg();
      NDArray short2 = manager.ones(new Shape(2, 3, 2, 64, 96));
      short2.set(new ai.djl.ndarray.index.NDIndex(":, :, 1"), -1f);
      SampleGrid grid = new SampleGrid(List.of("a red dress", "a blue shirt"));
      grid.addColumn("teacher", dark).endGroup().addColumn("student", short2);
      still = grid.draw().getWidth();
      grid.write(file, 8);
    }
    BufferedImage first = ImageIO.read(file.toFile());
    assertEquals(still, first.getWidth());
    assertEquals(0xffffff, lastCell(first));
    Mp4Reader video = Mp4Reader.read(folder.resolve("samples/00000010.mp4"));
    assertEquals(3, video.frames().size());
    assertEquals(still + still % 2, video.frames().get(0).getWidth());
    assertTrue((lastCell(video.frames().get(0)) & 0xff) > 240);
    assertTrue((lastCell(video.frames().get(2)) & 0xff) < 15, "the last frame stays");
  }

  @Test
  void large_clips_are_reduced_by_a_whole_factor() {
    try (NDManager manager = NDManager.newBaseManager()) {
      SampleGrid grid = new SampleGrid(List.of("a"));
      grid.addColumn("", manager.zeros(new Shape(1, 3, 2, 480, 720)));
      assertEquals(480 / 3 + 2 * 16, grid.draw().getHeight());
    }
  }

  @Test
  void names_files_beside_the_grid() {
    assertEquals(Path.of("a/b.c-1.mp4"), SampleGrid.beside(Path.of("a/b.c.png"), "-1.mp4"));
    assertEquals(Path.of("b.mp4"), SampleGrid.beside(Path.of("b"), ".mp4"));
  }
}
