package dmdx.runner.stage;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TimingsTests {
  @TempDir Path run;

  @Test
  void parts_of_a_stage_add_up_until_it_is_finished() {
    Timings.in(run).add("adm", 2, false);
    assertEquals(Map.of(), Timings.in(run).finished());
    Timings.in(run).add("adm", 3.5, true);
    Timings.in(run).add("adm", 0.01, true);
    assertEquals(Map.of("adm", 5.5), Timings.in(run).finished());
  }
}
