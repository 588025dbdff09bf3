package dmdx.runner.report;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.List;
import org.junit.jupiter.api.Test;

class TableTests {

  @Test
  void aligns_texts_to_the_left_and_numbers_to_the_right() {
    Table table =
        new Table(List.of("model", "error", "")).row("student", "0.25", "").row("x", "12.5", "ok");
    assertEquals(
        """
        model    error
        -------  -----  --
        student   0.25
        x         12.5  ok""",
        table.toString());
  }

  @Test
  void shows_a_table_without_rows() {
    assertEquals("kind  name\n----  ----", new Table(List.of("kind", "name")).toString());
  }

  @Test
  void rejects_a_row_of_another_length() {
    Table table = new Table(List.of("a", "b"));
    IllegalArgumentException problem =
        assertThrows(IllegalArgumentException.class, () -> table.row("1"));
    assertEquals("a row has 1 cells, expected 2", problem.getMessage());
  }
}
