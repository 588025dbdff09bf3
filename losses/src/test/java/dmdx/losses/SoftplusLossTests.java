package dmdx.losses;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import dmdx.nn.torch.Autograd;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

@SuppressWarnings("try") // resources that act by being open
class SoftplusLossTests {
  private final NDManager manager = NDManager.newBaseManager();
  private final SoftplusLoss softplus = new SoftplusLoss();

  @AfterEach
  void close() {
    manager.close();
  }

  @Test
  void averages_over_positions_then_over_heads() {
    List<NDArray> fake = List.of(row(0, 2), row(-1));
    List<NDArray> real = List.of(row(1, 1), row(3));
    assertEquals(
        ((plus(0) + plus(-2)) / 2 + plus(1)) / 2, softplus.generator(fake).getFloat(), 1e-6);
    assertEquals(
        ((plus(0) + plus(2)) / 2 + plus(-1)) / 2 + (plus(-1) + plus(-3)) / 2,
        softplus.discriminator(real, fake).getFloat(),
        1e-6);
  }

  @Test
  void a_lost_generator_keeps_its_gradient() {
    try (Autograd.Mode recording = Autograd.recording()) {
      NDArray lost = Autograd.leaf(row(-50, 50));
      Autograd.backward(softplus.generator(List.of(lost)));
      assertArrayEquals(
          new float[] {-0.5f, 0},
          Objects.requireNonNull(Autograd.gradient(lost)).toFloatArray(),
          1e-6f);
    }
  }

  @Test
  void rejects_logits_that_do_not_pair() {
    assertThrows(
        IllegalArgumentException.class,
        () -> softplus.discriminator(List.of(row(1)), List.of(row(1), row(2))));
    assertThrows(IllegalArgumentException.class, () -> softplus.generator(List.of()));
  }

  private NDArray row(float... values) {
    return manager.create(values, new Shape(1, values.length));
  }

  private static double plus(double x) {
    return Math.log1p(Math.exp(x));
  }
}
