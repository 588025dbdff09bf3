package dmdx.nn.optim;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import dmdx.nn.weights.Storage;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class EmaTests {
  private final NDManager manager = NDManager.newBaseManager();

  @AfterEach
  void close() {
    manager.close();
  }

  @Test
  void moves_towards_the_weights() {
    NDArray average = manager.create(new float[] {0, 10});
    NDArray flat = manager.create(new float[] {1, -10});
    Ema.update(average, flat, 0.9, Storage.inMemory());
    assertArrayEquals(new float[] {0.1f, 8}, average.toFloatArray(), 1e-6f);
    assertArrayEquals(new float[] {1, -10}, flat.toFloatArray());
  }

  @Test
  void keeps_all_or_nothing_at_the_ends() {
    NDArray average = manager.create(new float[] {2, 3});
    NDArray flat = manager.create(new float[] {5, 7});
    Ema.update(average, flat, 1, Storage.inMemory());
    assertArrayEquals(new float[] {2, 3}, average.toFloatArray());
    Ema.update(average, flat, 0, Storage.inMemory());
    assertArrayEquals(new float[] {5, 7}, average.toFloatArray());
  }

  @Test
  void keeps_no_tensor_and_refuses_nonsense() {
    NDArray average = manager.zeros(new Shape(2));
    NDArray flat = manager.ones(new Shape(2));
    int before = manager.getManagedArrays().size();
    Ema.update(average, flat, 0.5, Storage.inMemory());
    assertEquals(before, manager.getManagedArrays().size());
    assertThrows(
        IllegalArgumentException.class, () -> Ema.update(average, flat, 1.5, Storage.inMemory()));
    NDArray longer = manager.ones(new Shape(3));
    assertThrows(
        IllegalArgumentException.class, () -> Ema.update(average, longer, 0.5, Storage.inMemory()));
  }
}
