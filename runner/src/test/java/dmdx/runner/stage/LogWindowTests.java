package dmdx.runner.stage;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Map;
import org.junit.jupiter.api.Test;

class LogWindowTests {
  private static final long SECOND = 1_000_000_000L;
  private long now = 7 * SECOND;
  private final LogWindow window = new LogWindow(() -> now);

  private void pass(int seconds) {
    now += seconds * SECOND;
  }

  @Test
  void seconds_are_those_of_iterations_alone() {
    pass(2);
    window.add(Map.of("loss", 1.0));
    pass(4);
    window.add(Map.of("loss", 3.0));
    window.aside(
        () -> {
          pass(100); // scoring
          window.addOthers(Map.of("score/x", 5.0));
        });
    assertEquals(Map.of("loss", 2.0, "score/x", 5.0, "seconds", 3.0), window.means());
    window.aside(() -> pass(50)); // a grid, after the line was logged
    pass(1);
    window.add(Map.of());
    assertEquals(Map.of("seconds", 1.0), window.means());
  }
}
