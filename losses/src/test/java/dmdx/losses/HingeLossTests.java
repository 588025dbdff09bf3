package dmdx.losses;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import dmdx.nn.torch.Autograd;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

@SuppressWarnings("try") // resources that act by being open
class HingeLossTests {
  private final NDManager manager = NDManager.newBaseManager();
  private final HingeLoss hinge = new HingeLoss();

  @AfterEach
  void close() {
    manager.close();
  }

  @Test
  void averages_over_positions_then_over_heads() {
    List<NDArray> fake = List.of(map(0.5f, -2f), map(3f));
    List<NDArray> real = List.of(map(0.5f, 2f), map(-1f));

    // heads: fake (1.5 + 0) / 2 and 4, real (0.5 + 0) / 2 and 2
    assertEquals((0.75 + 4) / 2 + (0.25 + 2) / 2, hinge.discriminator(real, fake).getFloat(), 1e-6);
    assertEquals(-(-0.75 + 3) / 2, hinge.generator(fake).getFloat(), 1e-6);
  }

  @Test
  void has_no_gradient_beyond_the_margin() {
    try (Autograd.Mode recording = Autograd.recording()) {
      NDArray fake = Autograd.leaf(map(0.5f, -2f));
      NDArray real = Autograd.leaf(map(0.5f, 2f));

      Autograd.backward(hinge.discriminator(List.of(real), List.of(fake)));

      assertArrayEquals(new float[] {0.5f, 0}, gradient(fake), 1e-7f);
      assertArrayEquals(new float[] {-0.5f, 0}, gradient(real), 1e-7f);
    }
  }

  @Test
  void pushes_every_fake_logit_up_equally() {
    try (Autograd.Mode recording = Autograd.recording()) {
      NDArray one = Autograd.leaf(map(0.5f, -2f));
      NDArray other = Autograd.leaf(map(9f));

      Autograd.backward(hinge.generator(List.of(one, other)));

      assertArrayEquals(new float[] {-0.25f, -0.25f}, gradient(one), 1e-7f);
      assertArrayEquals(new float[] {-0.5f}, gradient(other), 1e-7f);
    }
  }

  @Test
  void rejects_logits_that_do_not_pair() {
    assertThrows(
        IllegalArgumentException.class,
        () -> hinge.discriminator(List.of(map(1f)), List.of(map(1f), map(2f))));
    assertThrows(IllegalArgumentException.class, () -> hinge.generator(List.of()));
  }

  private NDArray map(float... values) {
    return manager.create(values, new Shape(1, 1, 1, values.length));
  }

  private static float[] gradient(NDArray leaf) {
    NDArray gradient = Autograd.gradient(leaf);
    return gradient == null ? new float[0] : gradient.toFloatArray();
  }
}
