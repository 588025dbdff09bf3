package dmdx.nn.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.awt.image.BufferedImage;
import org.junit.jupiter.api.Test;

class ImagesTests {

  @Test
  void every_byte_survives_the_way_to_pixels_and_back() {
    BufferedImage image = new BufferedImage(16, 16, BufferedImage.TYPE_INT_RGB);
    for (int i = 0; i < 256; i++) {
      image.setRGB(i % 16, i / 16, i << 16 | (255 - i) << 8 | (i * 7 & 0xff));
    }
    try (NDManager manager = NDManager.newBaseManager()) {
      NDArray pixels = Images.pixels(image, manager);
      assertEquals(new Shape(3, 16, 16), pixels.getShape());
      assertArrayEquals(Images.planes(image), Images.planes(Images.picture(pixels)));
    }
  }

  @Test
  void values_out_of_range_are_clamped() {
    try (NDManager manager = NDManager.newBaseManager()) {
      NDArray pixels = manager.create(new float[] {-3, 0, 5}, new Shape(3, 1, 1));
      assertEquals(0x0080ff, Images.picture(pixels).getRGB(0, 0) & 0xffffff);
    }
  }

  @Test
  void a_grid_fills_rows_from_the_left() {
    try (NDManager manager = NDManager.newBaseManager()) {
      float[] values = {1, -1, -1, -1, 1, -1, -1, -1, 1};
      BufferedImage grid = Images.grid(manager.create(values, new Shape(3, 3, 1, 1)), 2);
      assertEquals(2, grid.getWidth());
      assertEquals(2, grid.getHeight());
      assertEquals(0xff0000, grid.getRGB(0, 0) & 0xffffff);
      assertEquals(0x00ff00, grid.getRGB(1, 0) & 0xffffff);
      assertEquals(0x0000ff, grid.getRGB(0, 1) & 0xffffff);
      assertEquals(0, grid.getRGB(1, 1) & 0xffffff);
    }
  }

  @Test
  void resizing_keeps_the_middle() {
    BufferedImage image = new BufferedImage(30, 10, BufferedImage.TYPE_INT_RGB);
    for (int y = 0; y < 10; y++) {
      for (int x = 10; x < 20; x++) {
        image.setRGB(x, y, 0xffffff);
      }
    }
    BufferedImage resized = Images.resized(image, 5, 5);
    assertEquals(5, resized.getWidth());
    assertEquals(0xffffff, resized.getRGB(2, 2) & 0xffffff);
    assertSame(image, Images.resized(image, 30, 10));
  }

  @Test
  void other_shapes_are_refused() {
    try (NDManager manager = NDManager.newBaseManager()) {
      assertThrows(
          IllegalArgumentException.class, () -> Images.picture(manager.zeros(new Shape(1, 2, 2))));
      assertThrows(
          IllegalArgumentException.class, () -> Images.grid(manager.zeros(new Shape(3, 2, 2)), 2));
    }
  }
}
