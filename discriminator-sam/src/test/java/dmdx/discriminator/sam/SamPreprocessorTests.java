package dmdx.discriminator.sam;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import dmdx.nn.parity.ParityReport;
import dmdx.nn.torch.Ops;
import dmdx.nn.weights.ModelConfig;
import dmdx.nn.weights.SafetensorsFile;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SamPreprocessorTests {
  private static final Path GOLDEN =
      Path.of("../nn/src/test/resources/golden/sam-vision/preprocess/io.safetensors");

  private final NDManager manager = NDManager.newBaseManager();
  private final SamPreprocessor preprocessor = new SamPreprocessor(48);

  @AfterEach
  void close() {
    manager.close();
  }

  @Tag("golden")
  @Test
  void matches_the_reference() {
    SamPreprocessorReference check = new SamPreprocessorReference();
    ModelConfig index = ModelConfig.read(GOLDEN.resolveSibling("case.json"));
    assertTrue(check.accepts(index));
    ParityReport report = check.check(index, manager);
    assertTrue(report.passed(), () -> report.failures().toString());
    assertEquals(12, report.rows().size());
  }

  @Tag("golden")
  @ParameterizedTest
  @ValueSource(ints = {0, 1, 2, 3})
  void the_differentiable_path_differs_by_the_rounding_to_8_bits_alone(int k) {
    try (SafetensorsFile file = SafetensorsFile.open(GOLDEN)) {
      NDArray image = file.read("in.image." + k, manager).toType(DataType.FLOAT32, true);
      NDArray pixels = image.div(127.5f).sub(1f).transpose(2, 0, 1).expandDims(0);
      NDArray expected = file.read("out.pixel_values." + k, manager).expandDims(0);
      NDArray actual = preprocessor.normalise(pixels);
      assertEquals(expected.getShape(), actual.getShape());
      assertTrue(actual.sub(expected).abs().max().getFloat() < 1.2 / 255 / 0.224);
    }
  }

  @Test
  void a_picture_of_the_right_size_is_only_normalised() {
    NDArray x = manager.ones(new Shape(1, 3, 48, 48));
    NDArray y = preprocessor.normalise(x);
    assertEquals((1 - 0.485) / 0.229, Ops.slice(y, 1, 0, 1).min().getFloat(), 1e-5);
    assertEquals((1 - 0.406) / 0.225, Ops.slice(y, 1, 2, 3).max().getFloat(), 1e-5);
  }

  @Test
  void rejects_latents() {
    NDArray latents = manager.ones(new Shape(1, 4, 48, 48));
    assertThrows(IllegalArgumentException.class, () -> preprocessor.normalise(latents));
  }
}
