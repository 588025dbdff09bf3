package dmdx.teacher.cogvideox;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDManager;
import dmdx.nn.parity.ParityReport;
import dmdx.nn.weights.ModelConfig;
import java.nio.file.Path;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

class CogVideoXConditionerTests {
  private static final Path CASE =
      Path.of("src/test/resources/golden/prompt-conditioning/cogvideox");

  @Tag("golden")
  @Test
  void embeddings_equal_those_of_the_reference_pipeline() {
    CogVideoXConditioningReference check = new CogVideoXConditioningReference();
    ModelConfig index = ModelConfig.read(CASE.resolve("case.json"));
    assertTrue(check.accepts(index));
    try (NDManager manager = NDManager.newBaseManager()) {
      ParityReport report = check.check(index, manager);
      assertTrue(report.passed(), () -> report.failures().toString());
      assertEquals(2, report.rows().size());
    }
  }

  @Test
  void accepts_no_other_case() {
    ModelConfig other = ModelConfig.read(CASE.resolve("text_encoder/config.json"));
    assertFalse(new CogVideoXConditioningReference().accepts(other));
  }
}
