package dmdx.nn.optim;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import dmdx.nn.optim.AdamW.Settings;
import dmdx.nn.torch.Scope;
import dmdx.nn.weights.Noise;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class AdamWTests {
  private static final long PIECE = Chunks.size(Device.cpu());
  private final NDManager manager = NDManager.newBaseManager();

  @AfterEach
  void close() {
    manager.close();
  }

  private NDArray gradient(int step, long size) {
    return Noise.of("gradient", step).gaussian(manager, new Shape(size));
  }

  @ParameterizedTest
  @CsvSource({"0.9,0.999,0.1", "0.9,0.999,0", "0,0.99,0.01", "0,0.99,0", "0.5,0,0"})
  void follows_the_formula(double beta1, double beta2, double decay) {
    int size = 1000;
    Settings s = new Settings(1e-2, beta1, beta2, 1e-8, decay);
    NDArray flat = Noise.of("weights").gaussian(manager, new Shape(size));
    float[] start = flat.toFloatArray();
    double[] p = new double[size];
    double[] m = new double[size];
    double[] v = new double[size];
    for (int i = 0; i < size; i++) {
      p[i] = start[i];
    }
    try (AdamW optimizer = new AdamW(flat, s, manager)) {
      for (int k = 1; k <= 20; k++) {
        NDArray gradient = gradient(k, size);
        float[] g = gradient.toFloatArray();
        double scale = k / 20.0;
        double rate = s.learningRate() * scale;
        for (int i = 0; i < size; i++) {
          p[i] *= 1 - rate * decay;
          m[i] = beta1 * m[i] + (1 - beta1) * g[i];
          v[i] = beta2 * v[i] + (1 - beta2) * g[i] * g[i];
          double mean = m[i] / (1 - Math.pow(beta1, k));
          double deviation = Math.sqrt(v[i] / (1 - Math.pow(beta2, k)));
          p[i] -= rate * mean / (deviation + s.eps());
        }
        optimizer.step(flat, gradient, scale);
      }
      assertEquals(20, optimizer.steps());
    }
    float[] found = flat.toFloatArray();
    for (int i = 0; i < size; i++) {
      assertEquals(p[i], found[i], 2e-6, "element " + i);
    }
  }

  @Test
  void pieces_make_no_difference() {
    long size = PIECE + 1000;
    Settings s = new Settings(1e-3, 0.9, 0.99, 1e-8, 0.01);
    NDArray whole = Noise.of(1).gaussian(manager, new Shape(size));
    NDArray tail = whole.get(PIECE + ":").duplicate();
    NDArray g = gradient(1, size);
    try (AdamW a = new AdamW(whole, s, manager);
        AdamW b = new AdamW(tail, s, manager)) {
      for (int k = 0; k < 3; k++) {
        a.step(whole, g, 1);
        b.step(tail, g.get(PIECE + ":"), 1);
      }
    }
    assertArrayEquals(tail.toFloatArray(), whole.get(PIECE + ":").toFloatArray());
  }

  @ParameterizedTest
  @CsvSource({"0.9", "0"})
  void a_scaled_gradient_is_the_gradient_scaled(double beta1) {
    Settings s = new Settings(1e-3, beta1, 0.99, 1e-8, 0.01);
    NDArray a = Noise.of(1).gaussian(manager, new Shape(500));
    NDArray b = a.duplicate();
    try (AdamW first = new AdamW(a, s, manager);
        AdamW second = new AdamW(b, s, manager)) {
      for (int k = 0; k < 3; k++) {
        NDArray g = gradient(k, 500);
        float[] before = g.toFloatArray();
        first.step(a, g, 0.3, 1);
        assertArrayEquals(before, g.toFloatArray());
        g.muli(0.3);
        second.step(b, g, 1);
      }
    }
    assertArrayEquals(b.toFloatArray(), a.toFloatArray());
  }

  @ParameterizedTest
  @CsvSource({"0.9", "0"})
  void continues_bit_for_bit(double beta1) {
    Settings s = new Settings(1e-3, beta1, 0.99, 1e-8, 0.01);
    NDArray flat = Noise.of(1).gaussian(manager, new Shape(500));
    try (AdamW first = new AdamW(flat, s, manager)) {
      for (int k = 0; k < 5; k++) {
        first.step(flat, gradient(k, 500), 1);
      }
      NDArray copy = flat.duplicate();
      Map<String, NDArray> state = new LinkedHashMap<>();
      first.state().forEach((name, tensor) -> state.put(name, tensor.duplicate()));
      assertEquals(beta1 == 0 ? 1 : 2, state.size());
      try (AdamW second = new AdamW(copy, s, manager)) {
        second.restore(state, first.steps());
        for (int k = 5; k < 10; k++) {
          first.step(flat, gradient(k, 500), 1);
          second.step(copy, gradient(k, 500), 1);
        }
        assertEquals(first.steps(), second.steps());
      }
      assertArrayEquals(flat.toFloatArray(), copy.toFloatArray());
    }
  }

  @Test
  void the_moments_outlive_the_scope_they_were_made_in() {
    NDArray flat = manager.zeros(new Shape(4));
    AdamW optimizer;
    try (Scope scope = new Scope()) {
      optimizer = new AdamW(flat, new Settings(1e-3, 0.9, 0.99, 1e-8, 0), manager);
    }
    optimizer.step(flat, manager.ones(new Shape(4)), 1);
    assertEquals(-1e-3f, flat.toFloatArray()[0], 1e-8f);
    optimizer.close();
  }

  @Test
  void a_step_keeps_no_tensor() {
    NDArray flat = manager.zeros(new Shape(4));
    NDArray gradient = manager.ones(new Shape(4));
    try (AdamW optimizer = new AdamW(flat, new Settings(1e-3, 0.9, 0.99, 1e-8, 0.1), manager)) {
      optimizer.step(flat, gradient, 1);
      int before = manager.getManagedArrays().size();
      for (int k = 0; k < 10; k++) {
        optimizer.step(flat, gradient, 1);
      }
      assertEquals(before, manager.getManagedArrays().size());
    }
  }

  @Test
  void refuses_what_does_not_belong_to_it() {
    NDArray flat = manager.zeros(new Shape(4));
    Settings s = new Settings(1e-3, 0.9, 0.99, 1e-8, 0);
    try (AdamW optimizer = new AdamW(flat, s, manager)) {
      NDArray short3 = manager.zeros(new Shape(3));
      assertThrows(IllegalArgumentException.class, () -> optimizer.step(flat, short3, 1));
      assertThrows(IllegalArgumentException.class, () -> optimizer.restore(Map.of(), 1));
      Map<String, NDArray> wrong = new LinkedHashMap<>(optimizer.state());
      wrong.replaceAll((name, tensor) -> short3);
      assertThrows(IllegalArgumentException.class, () -> optimizer.restore(wrong, 1));
      assertEquals(Set.of("first_moment", "second_moment"), optimizer.state().keySet());
    }
  }

  @ParameterizedTest
  @CsvSource({
    "-1,0.9,0.99,1e-8,0",
    "1,1,0.99,1e-8,0",
    "1,0.9,-0.1,1e-8,0",
    "1,0.9,0.99,0,0",
    "1,0.9,0.99,1e-8,-1",
    "NaN,0.9,0.99,1e-8,0"
  })
  void refuses_settings_out_of_range(double a, double b1, double b2, double eps, double decay) {
    assertThrows(IllegalArgumentException.class, () -> new Settings(a, b1, b2, eps, decay));
  }
}
