package dmdx.nn.parity;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import dmdx.nn.torch.Ops;
import org.junit.jupiter.api.Test;

class ParityRowsTests {
  private final ParityRows rows = new ParityRows("x.json");

  private ParityReport.Row last() {
    return rows.list().get(rows.list().size() - 1);
  }

  @Test
  void the_worst_number_counts_by_its_own_scale() {
    double[] stored = {0.5, 100};
    double[] actual = {0.51, 101};
    rows.numbers("k", "n", actual, stored, ParityRows.ABSOLUTE, 1);
    assertEquals(1, last().error(), 1e-9);
    rows.numbers("k", "n", actual, stored, ParityRows.RELATIVE, 1);
    assertEquals(0.02, last().error(), 1e-9);
    rows.numbers("k", "n", actual, stored, ParityRows.RELATIVE_BEYOND_ONE, 0.001);
    assertEquals(0.01, last().error(), 1e-9);
    assertFalse(last().passed());
  }

  @Test
  void equal_zeros_and_infinities_are_no_error() {
    double[] values = {0, Double.POSITIVE_INFINITY};
    rows.numbers("k", "n", values.clone(), values, ParityRows.RELATIVE, 0);
    assertTrue(last().passed(), last()::toString);
  }

  @Test
  void a_difference_from_zero_and_what_is_no_number_fail() {
    rows.number("k", "n", 1e-9, 0, ParityRows.RELATIVE, 1);
    assertEquals("number 0 is 1.0E-9, expected 0.0", last().remark());
    rows.number("k", "n", Double.NaN, 1, ParityRows.ABSOLUTE, 1);
    assertFalse(last().passed());
  }

  @Test
  void names_the_first_wrong_integer() {
    rows.integers("ids", "a", new long[] {1, 2, 3}, new long[] {1, 2, 3});
    assertTrue(last().passed());
    rows.integers("ids", "b", new long[] {1, 2, 3}, new long[] {1, 5, 3});
    assertEquals("integer 1 is 2, expected 5", last().remark());
    rows.integers("ids", "c", new long[] {1}, new long[] {1, 5});
    assertEquals("integer 1 is absent, expected 5", last().remark());
  }

  @Test
  void bfloat16_is_compared_by_its_numbers() {
    try (NDManager manager = NDManager.newBaseManager()) {
      NDArray x = manager.create(new float[] {1, -2.5f, 0.25f});
      NDArray narrow = Ops.cast(x, DataType.BFLOAT16);
      NDArray off = Ops.cast(x.add(0.5f), DataType.BFLOAT16);
      rows.tensor("out", "x", narrow, x, 0);
      rows.tensor("out", "x", x, narrow, 0);
      rows.tensor("out", "x", narrow, narrow, ParityRows.ABSOLUTE, 0);
      assertTrue(rows.list().stream().allMatch(ParityReport.Row::passed), rows.list()::toString);
      rows.tensor("out", "x", off, narrow, 1);
      assertEquals(0.2, last().error(), 1e-9);
      rows.tensor("out", "x", off, narrow, ParityRows.ABSOLUTE, 1);
      assertEquals(0.5, last().error(), 1e-9);
      rows.tensor("ids", "x", narrow, manager.create(new long[] {1, 2, 3}), 1);
      assertEquals("type is bfloat16, expected integers", last().remark());
      rows.tensor("out", "x", manager.create(new long[] {1, 2, 3}), narrow, 1);
      assertEquals("type is int64, expected floating-point numbers", last().remark());
    }
  }

  @Test
  void tells_of_another_shape_or_length() {
    try (NDManager manager = NDManager.newBaseManager()) {
      NDArray x = manager.ones(new Shape(2, 3));
      rows.tensor("out", "x", x, manager.ones(new Shape(3, 2)), ParityRows.ABSOLUTE, 1);
      assertTrue(last().remark().startsWith("shape is (2, 3)"), last()::remark);
      rows.tensor("out", "x", x, x.add(0.5f), 1);
      assertEquals(0.5 / 1.5, last().error(), 1e-6);
    }
    rows.numbers("k", "n", new double[2], new double[3], ParityRows.ABSOLUTE, 1);
    assertEquals("there are 2 numbers, expected 3", last().remark());
  }
}
