package dmdx.discriminator.dinov2;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import dmdx.nn.data.PillowResize;
import dmdx.nn.data.ResizeFilter;
import dmdx.nn.data.RgbImage;
import dmdx.nn.torch.Ops;
import dmdx.nn.weights.SafetensorsFile;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class Dinov2PreprocessorTests {
  private static final Path GOLDEN =
      Path.of("src/test/resources/golden/dinov2/preprocess/io.safetensors");
  private static final int SHORT_SIDE = 40;
  private static final int CROP = 35;

  private final NDManager manager = NDManager.newBaseManager();

  @AfterEach
  void close() {
    manager.close();
  }

  /** The reference crops the middle of the resized picture; what is left is of the right size. */
  @Tag("golden")
  @ParameterizedTest
  @ValueSource(ints = {0, 1, 2, 3})
  void matches_the_reference(int k) {
    try (SafetensorsFile file = SafetensorsFile.open(GOLDEN)) {
      RgbImage image = picture(file.read("in.image." + k, manager));
      int shorter = Math.min(image.height(), image.width());
      int height = SHORT_SIDE * image.height() / shorter;
      int width = SHORT_SIDE * image.width() / shorter;
      RgbImage resized = PillowResize.resize(image, height, width, ResizeFilter.BICUBIC);
      int top = (height - CROP) / 2;
      int left = (width - CROP) / 2;
      NDArray rows = Ops.slice(signed(tensor(resized)), 2, top, top + CROP);
      NDArray pixels = Ops.slice(rows, 3, left, left + CROP);

      NDArray expected = file.read("out.pixel_values." + k, manager);
      NDArray actual = new Dinov2Preprocessor(CROP).normalise(pixels);
      assertArrayEquals(expected.toFloatArray(), actual.toFloatArray(), 1e-6f);
    }
  }

  @Tag("golden")
  @ParameterizedTest
  @ValueSource(ints = {0, 1, 2, 3})
  void the_differentiable_resize_differs_by_the_rounding_to_8_bits_alone(int k) {
    try (SafetensorsFile file = SafetensorsFile.open(GOLDEN)) {
      RgbImage image = picture(file.read("in.image." + k, manager));
      // half the contrast: cubics overshoot no byte
      byte[] soft = image.pixels().clone();
      for (int i = 0; i < soft.length; i++) {
        soft[i] = (byte) (64 + (soft[i] & 0xFF) / 2);
      }
      RgbImage softer = new RgbImage(image.height(), image.width(), soft);
      Dinov2Preprocessor preprocessor = new Dinov2Preprocessor(CROP);
      RgbImage resized = PillowResize.resize(softer, CROP, CROP, ResizeFilter.BICUBIC);
      NDArray expected = preprocessor.normalise(signed(tensor(resized)));
      NDArray actual = preprocessor.normalise(signed(tensor(softer)));
      assertEquals(expected.getShape(), actual.getShape());
      assertTrue(actual.sub(expected).abs().max().getFloat() < 1.3 / 255 / 0.224);
    }
  }

  @Test
  void a_picture_of_the_right_size_is_only_normalised() {
    NDArray x = manager.ones(new Shape(1, 3, 28, 28));
    NDArray y = new Dinov2Preprocessor(28).normalise(x);
    assertEquals((1 - 0.485) / 0.229, Ops.slice(y, 1, 0, 1).min().getFloat(), 1e-5);
    assertEquals((1 - 0.406) / 0.225, Ops.slice(y, 1, 2, 3).max().getFloat(), 1e-5);
  }

  @Test
  void rejects_latents() {
    NDArray latents = manager.ones(new Shape(1, 4, 28, 28));
    assertThrows(
        IllegalArgumentException.class, () -> new Dinov2Preprocessor(28).normalise(latents));
  }

  private static RgbImage picture(NDArray pixels) {
    Shape shape = pixels.getShape();
    return new RgbImage((int) shape.get(0), (int) shape.get(1), pixels.toByteArray());
  }

  /** {@code [1, 3, H, W]} from 0 to 255. */
  private NDArray tensor(RgbImage image) {
    NDArray bytes = manager.create(new Shape(image.height(), image.width(), 3), DataType.UINT8);
    bytes.set(image.pixels());
    return bytes.toType(DataType.FLOAT32, true).transpose(2, 0, 1).expandDims(0);
  }

  private static NDArray signed(NDArray bytes) {
    return bytes.div(127.5f).sub(1f);
  }
}
