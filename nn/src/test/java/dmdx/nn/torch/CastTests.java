package dmdx.nn.torch;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import dmdx.nn.weights.Noise;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class CastTests {
  private final NDManager manager = NDManager.newBaseManager();

  @AfterEach
  void close() {
    manager.close();
  }

  private NDArray gaussian(String name, long... shape) {
    return Noise.of(name).gaussian(manager, new Shape(shape));
  }

  @ParameterizedTest
  @EnumSource(
      value = DataType.class,
      names = {"FLOAT16", "BFLOAT16", "FLOAT64", "FLOAT32"})
  void there_and_back_keeps_what_the_type_can_hold(DataType type) {
    NDArray x = manager.create(new float[] {1, -2.5f, 0, 96});
    NDArray cast = Ops.cast(x, type);
    assertEquals(type, Ops.typeOf(cast));
    assertArrayEquals(
        new float[] {1, -2.5f, 0, 96}, Ops.cast(cast, DataType.FLOAT32).toFloatArray());
    assertSame(cast, Ops.cast(cast, type));
  }

  @Test
  void a_gradient_arrives_in_float32() {
    try (Autograd.Mode recording = Autograd.recording()) {
      NDArray leaf = Autograd.leaf(manager.create(new float[] {1, 2, 3}));
      NDArray narrow = Ops.cast(leaf, DataType.BFLOAT16);
      Autograd.backward(Ops.cast(narrow.mul(narrow), DataType.FLOAT32).sum());
      NDArray gradient = Autograd.gradient(leaf);
      assertEquals(DataType.FLOAT32, gradient.getDataType());
      assertArrayEquals(new float[] {2, 4, 6}, gradient.toFloatArray());
    }
  }

  @Test
  void an_empty_bfloat16_tensor_takes_values() {
    NDArray x = Ops.empty(manager, new Shape(2, 2), DataType.BFLOAT16);
    Ops.copy(x, manager.create(new float[] {1, 2, 3, 4}, new Shape(2, 2)));
    assertEquals(DataType.BFLOAT16, Ops.typeOf(x));
    assertArrayEquals(new float[] {1, 2, 3, 4}, Ops.cast(x, DataType.FLOAT32).toFloatArray());
  }

  /** Only the result is rounded: sums and statistics are taken in float32. */
  private void requireOneRounding(String what, NDArray x, UnaryOperator<NDArray> operation) {
    NDArray narrow = Ops.cast(x, DataType.BFLOAT16);
    NDArray expected = operation.apply(Ops.cast(narrow, DataType.FLOAT32));
    NDArray result = operation.apply(narrow);
    assertEquals(DataType.BFLOAT16, Ops.typeOf(result), what);
    NDArray error = Ops.cast(result, DataType.FLOAT32).sub(expected).abs();
    NDArray allowed = expected.abs().mul(1f / 128).add(1e-3f);
    assertTrue(error.lte(allowed).all().getBoolean(), what + " off by " + error.max().getFloat());
  }

  @Test
  void statistics_and_softmax_are_taken_in_float32() {
    NDArray far = gaussian("far", 2, 8, 33, 33).add(20); // a sum of 4356 would stall in bfloat16
    NDArray ones = manager.ones(new Shape(8));
    NDArray zeros = manager.zeros(new Shape(8));
    requireOneRounding(
        "group norm",
        far,
        x -> Ops.groupNorm(x, 2, Ops.castLike(ones, x), Ops.castLike(zeros, x), 1e-6));
    NDArray rows = gaussian("rows", 4, 4096).add(20);
    requireOneRounding("layer norm", rows, x -> Ops.layerNorm(x, 1e-6));
    NDArray scale = manager.ones(new Shape(4096));
    requireOneRounding("rms norm", rows, x -> Ops.rmsNorm(x, Ops.castLike(scale, x), 1e-6));
    NDArray flatScores = gaussian("v", 1, 2, 2048, 8).add(3);
    requireOneRounding(
        "attention",
        flatScores,
        v -> {
          NDArray q = Ops.castLike(manager.zeros(v.getShape()), v);
          return Ops.attention(q, q, v, null, null);
        });
  }
}
