package dmdx.teacher.sd3;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDManager;
import dmdx.nn.parity.ParityReport;
import dmdx.nn.weights.ModelConfig;
import java.nio.file.Path;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

class Sd3ConditionerTests {
  private static final Path CASE = Path.of("src/test/resources/golden/prompt-conditioning/sd3");

  @Tag("golden")
  @Test
  void embeddings_equal_those_of_the_reference_pipeline() {
    Sd3ConditioningReference check = new Sd3ConditioningReference();
    ModelConfig index = ModelConfig.read(CASE.resolve("case.json"));
    assertTrue(check.accepts(index));
    try (NDManager manager = NDManager.newBaseManager()) {
      ParityReport report = check.check(index, manager);
      assertTrue(report.passed(), () -> report.failures().toString());
      assertEquals(12, report.rows().size());
    }
  }

  @Test
  void accepts_no_other_case() {
    ModelConfig other = ModelConfig.read(CASE.resolve("text_encoder/config.json"));
    assertFalse(new Sd3ConditioningReference().accepts(other));
  }
}
