package dmdx.nn.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import dmdx.nn.torch.Autograd;
import java.util.Objects;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

@SuppressWarnings("try") // resources that act by being open
class TensorResizeTests {
  private final NDManager manager = NDManager.newBaseManager();

  @AfterEach
  void close() {
    manager.close();
  }

  @Test
  void doubling_interpolates_between_pixel_centres_and_repeats_the_edge() {
    NDArray x = manager.create(new float[] {0, 4, 8, 12}, new Shape(1, 1, 2, 2));
    NDArray y = TensorResize.resize(x, 4, 4, ResizeFilter.BILINEAR);
    assertArrayEquals(
        new float[] {0, 1, 3, 4, 2, 3, 5, 6, 6, 7, 9, 10, 8, 9, 11, 12}, y.toFloatArray(), 1e-6f);
  }

  @Test
  void agrees_with_the_8_bit_resize_up_to_its_rounding() {
    byte[] pixels = new byte[11 * 17 * 3];
    float[] planes = new float[pixels.length];
    for (int i = 0; i < pixels.length; i++) {
      int value = 64 + (i * 7919 + i * i) % 128; // bicubic overshoot stays in range
      pixels[i] = (byte) value;
      planes[i % 3 * 11 * 17 + i / 3] = value;
    }
    NDArray x = manager.create(planes, new Shape(1, 3, 11, 17));
    for (ResizeFilter filter : ResizeFilter.values()) {
      for (int[] size : new int[][] {{5, 9}, {23, 40}, {11, 4}}) {
        RgbImage expected =
            PillowResize.resize(new RgbImage(11, 17, pixels), size[0], size[1], filter);
        float[] y = TensorResize.resize(x, size[0], size[1], filter).toFloatArray();
        for (int i = 0; i < expected.pixels().length; i++) {
          float value = y[i % 3 * size[0] * size[1] + i / 3];
          // the 8-bit resize rounds twice
          assertEquals(expected.pixels()[i] & 0xFF, value, 1.2f);
        }
      }
    }
  }

  @Test
  void hands_the_gradient_back_through_the_weights() {
    try (Autograd.Mode recording = Autograd.recording()) {
      NDArray x = Autograd.leaf(manager.ones(new Shape(2, 3, 5, 6)));
      NDArray y = TensorResize.resize(x, 3, 10, ResizeFilter.BILINEAR);
      assertEquals(new Shape(2, 3, 3, 10), y.getShape());
      Autograd.backward(y.sum());
      NDArray gradient = Objects.requireNonNull(Autograd.gradient(x));
      // every output's weights sum to one
      assertEquals(2 * 3 * 3 * 10, gradient.sum().getFloat(), 1e-3);
    }
  }

  @Test
  void returns_a_tensor_of_that_size_itself() {
    NDArray x = manager.ones(new Shape(1, 3, 4, 4));
    assertSame(x, TensorResize.resize(x, 4, 4, ResizeFilter.BICUBIC));
  }
}
