package dmdx.nn.torch;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.jni.JniUtils;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ConvolvedLinearTests {
  @TempDir private Path folder;

  private interface Product {
    NDArray of(PtNDArray x, PtNDArray weight, @Nullable PtNDArray bias);
  }

  /** The result and the gradients of input, weight and bias. */
  private static List<NDArray> all(Product product, NDArray x, NDArray weight, NDArray bias) {
    PtNDArray leaf = (PtNDArray) Autograd.leaf(x);
    PtNDArray w = (PtNDArray) Autograd.leaf(weight);
    PtNDArray b = (PtNDArray) Autograd.leaf(bias);
    NDArray y;
    try (Autograd.Mode recording = Autograd.recording()) {
      y = product.of(leaf, w, b);
      Autograd.backward(y.sin().sum());
    }
    return List.of(y, Autograd.gradient(leaf), Autograd.gradient(w), Autograd.gradient(b));
  }

  @Test
  void has_the_values_and_gradients_of_a_matrix_product() {
    try (NDManager manager = NDManager.newBaseManager()) {
      NDArray x = manager.randomNormal(new Shape(2, 8, 40, 24));
      NDArray weight = manager.randomNormal(new Shape(56, 24));
      NDArray bias = manager.randomNormal(new Shape(56));
      List<NDArray> expected = all(JniUtils::linear, x, weight, bias);
      List<NDArray> actual = all(ConvolvedLinear::forward, x, weight, bias);
      for (int i = 0; i < expected.size(); i++) {
        assertEquals(expected.get(i).getShape(), actual.get(i).getShape());
        float scale = expected.get(i).abs().max().getFloat();
        float off = expected.get(i).sub(actual.get(i)).abs().max().getFloat();
        assertTrue(off < 1e-5 * scale, "tensor %d is off by %g of %g".formatted(i, off, scale));
      }
    }
  }

  @Test
  void takes_a_view_whose_rows_lie_apart() {
    try (NDManager manager = NDManager.newBaseManager()) {
      PtNDArray x = (PtNDArray) manager.randomNormal(new Shape(2, 24, 320)).transpose(0, 2, 1);
      PtNDArray weight = (PtNDArray) manager.randomNormal(new Shape(56, 24));
      NDArray off =
          ConvolvedLinear.forward(x, weight, null).sub(JniUtils.linear(x, weight, null)).abs();
      assertTrue(off.max().getFloat() < 1e-4);
    }
  }

  @Test
  void knows_the_processors_on_which_it_is_faster() throws IOException {
    assertTrue(ConvolvedLinear.isWideAmd(cpu("AuthenticAMD", "fpu avx2 avx512f avx512dq")));
    assertFalse(ConvolvedLinear.isWideAmd(cpu("AuthenticAMD", "fpu avx2")));
    assertFalse(ConvolvedLinear.isWideAmd(cpu("GenuineIntel", "fpu avx2 avx512f")));
    assertFalse(ConvolvedLinear.isWideAmd(folder.resolve("none")));
  }

  private Path cpu(String vendor, String flags) throws IOException {
    return Files.writeString(
        folder.resolve("cpuinfo"),
        "processor\t: 0\nvendor_id\t: %s\nflags\t\t: %s\n".formatted(vendor, flags));
  }
}
