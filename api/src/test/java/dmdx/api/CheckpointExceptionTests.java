package dmdx.api;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;

class CheckpointExceptionTests {

  private static String listing(String... problems) {
    return CheckpointException.listing("x", "is broken", "Mend it.", List.of(problems))
        .getMessage();
  }

  @Test
  void counts_problems() {
    assertTrue(listing("a").startsWith("x: is broken (1 problem). Mend it."), listing("a"));
    assertTrue(listing("a", "b").startsWith("x: is broken (2 problems). Mend it."));
  }
}
