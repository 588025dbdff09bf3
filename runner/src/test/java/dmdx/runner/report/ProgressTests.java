package dmdx.runner.report;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import org.junit.jupiter.api.Test;

class ProgressTests {
  private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
  private final PrintStream out = new PrintStream(bytes, true, StandardCharsets.UTF_8);

  @Test
  void ends_with_a_plain_line_where_nobody_watches() {
    try (Progress progress = Progress.start("adm", 20, out, false)) {
      progress.stepTo(10, Map.of());
      progress.stepTo(20, Map.of("loss", 0.5));
    }
    String text = bytes.toString(StandardCharsets.UTF_8);
    assertTrue(text.matches("adm 20 of 20, \\S+ s each, loss 0\\.5000\\R"), text);
  }

  @Test
  void says_where_an_interrupted_stage_stopped() {
    try (Progress progress = Progress.start("adm", 20, out, false)) {
      progress.stepTo(0);
    }
    assertEquals("adm 0 of 20", bytes.toString(StandardCharsets.UTF_8).strip());
  }

  @Test
  void draws_a_bar_on_a_terminal() {
    try (Progress progress = Progress.start("adm", 20, out, true)) {
      progress.stepTo(0);
      progress.stepTo(20, Map.of("loss", 0.5));
    }
    String text = bytes.toString(StandardCharsets.UTF_8);
    assertTrue(text.contains("100%") && text.contains("loss 0.5000"), text);
  }

  @Test
  void shows_remaining_time_in_hours_where_it_takes_that_long() {
    assertEquals("0:09", Progress.time(9.4));
    assertEquals("59:59", Progress.time(3599));
    assertEquals("2:00:05", Progress.time(7205));
  }
}
