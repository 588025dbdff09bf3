package dmdx.nn.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import org.junit.jupiter.api.Test;

class CentreCropTests {

  /** Red grows downwards, green to the right. */
  private static RgbImage ramp(int height, int width) {
    byte[] pixels = new byte[height * width * 3];
    for (int i = 0; i < height * width; i++) {
      pixels[3 * i] = (byte) (i / width);
      pixels[3 * i + 1] = (byte) (i % width);
    }
    return new RgbImage(height, width, pixels);
  }

  @Test
  void cuts_out_the_middle() {
    RgbImage part = ramp(5, 8).centre(2, 3);
    assertArrayEquals(
        new byte[] {1, 2, 0, 1, 3, 0, 1, 4, 0, 2, 2, 0, 2, 3, 0, 2, 4, 0}, part.pixels());
  }

  @Test
  void a_picture_of_the_right_size_is_left_alone() {
    RgbImage image = ramp(6, 6);
    assertArrayEquals(image.pixels(), new CentreCrop(6, 6).of(image).pixels());
    assertArrayEquals(image.centre(4, 4).pixels(), new CentreCrop(6, 4).of(image).pixels());
  }

  @Test
  void rejects_a_crop_larger_than_the_picture() {
    assertThrows(IllegalArgumentException.class, () -> new CentreCrop(6, 7));
  }

  @Test
  void both_paths_normalise_alike() {
    try (NDManager manager = NDManager.newBaseManager()) {
      RgbImage image = ramp(3, 4);
      NDArray unit = manager.create(image.planes(), new Shape(1, 3, 3, 4));
      for (Normalisation colours :
          new Normalisation[] {Normalisation.CLIP, Normalisation.IMAGENET}) {
        float[] expected = colours.of(image, manager).toFloatArray();
        assertArrayEquals(expected, colours.ofUnit(unit).toFloatArray(), 1e-6f);
        NDArray signed = unit.mul(2f).sub(1f);
        assertArrayEquals(expected, colours.ofSigned(signed).toFloatArray(), 1e-6f);
      }
    }
  }

  @Test
  void a_fitted_picture_lies_in_the_middle_of_zeros() {
    try (NDManager manager = NDManager.newBaseManager()) {
      byte[] white = new byte[4 * 8 * 3];
      java.util.Arrays.fill(white, (byte) 255);
      for (boolean antialias : new boolean[] {true, false}) {
        NDArray square = new FittedSquare(4, antialias).of(new RgbImage(4, 8, white), manager);
        assertEquals(new Shape(1, 3, 4, 4), square.getShape());
        float[] rows = square.sum(new int[] {0, 1, 3}).toFloatArray();
        assertArrayEquals(new float[] {0, 12, 12, 0}, rows, 1e-4f);
      }
    }
  }
}
