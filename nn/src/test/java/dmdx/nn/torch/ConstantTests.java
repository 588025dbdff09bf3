package dmdx.nn.torch;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import dmdx.nn.weights.Noise;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;

/** Gradients that need a constant long after Java has let go of it. */
class ConstantTests {
  private static final int TRIALS = 10;

  private static void assertGradient(UnaryOperator<NDArray> product, float... expected) {
    for (int trial = 0; trial < TRIALS; trial++) {
      try (NDManager manager = NDManager.newBaseManager();
          var recording = Autograd.recording()) {
        NDArray x = Autograd.leaf(manager.ones(new Shape(4)));
        NDArray y = product.apply(x).sum();
        reuseFreedMemory();
        Autograd.backward(y);
        NDArray gradient = Autograd.gradient(x);
        assertNotNull(gradient);
        assertArrayEquals(expected, gradient.toFloatArray());
      }
    }
  }

  /** Frees the memory of unreachable buffers and writes into memory of the same sizes. */
  private static void reuseFreedMemory() {
    System.gc();
    for (int i = 0; i < 2000; i++) {
      ByteBuffer.allocateDirect(4 + i % 64).order(ByteOrder.nativeOrder()).putInt(0, -1);
    }
  }

  @Test
  void a_product_with_a_number_has_its_gradient() {
    assertGradient(x -> Ops.times(x, 3), 3, 3, 3, 3);
  }

  @Test
  void a_closed_constant_stays_in_the_graph() {
    assertGradient(
        x -> {
          try (NDArray w = Ops.constant(x, new float[] {1, 2, 3, 4}, new Shape(4))) {
            return x.mul(w);
          }
        },
        1,
        2,
        3,
        4);
  }

  @Test
  void closed_indices_stay_in_the_graph() {
    assertGradient(
        x -> {
          try (NDArray indices = Ops.constant(x, new long[] {2, 2, 0}, new Shape(3))) {
            return Ops.indexSelect(x, 0, indices);
          }
        },
        1,
        0,
        2,
        0);
  }

  @Test
  void closed_noise_stays_in_the_graph() {
    float[] noise;
    try (NDManager manager = NDManager.newBaseManager()) {
      noise = Noise.of("test").gaussian(manager, new Shape(4)).toFloatArray();
    }
    assertGradient(
        x -> {
          try (NDArray drawn = Noise.of("test").gaussian(x.getManager(), new Shape(4))) {
            return x.mul(drawn);
          }
        },
        noise);
  }
}
