package dmdx.discriminator.sam;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDManager;
import dmdx.api.Precision;
import dmdx.nn.parity.ParityCase;
import dmdx.nn.parity.ParityReport;
import dmdx.nn.weights.ModelConfig;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class SamParityTests {
  private static final Path FOLDER = Path.of("src/test/resources/golden/sam-vision");
  private static final Path SHARED = Path.of("../../shared/golden/sam-vision");

  static List<ParityCase> cases() {
    List<ParityCase> cases = ParityCase.find(FOLDER);
    if (cases.size() != 2) {
      throw new IllegalStateException("expected the two committed cases, found " + cases.size());
    }
    return SHARED.toFile().isDirectory() ? ParityCase.find(SHARED) : cases;
  }

  @Tag("golden")
  @ParameterizedTest
  @MethodSource("cases")
  void matches_the_reference(ParityCase golden) {
    SamReferenceProvider provider = new SamReferenceProvider();
    assertTrue(provider.accepts(golden.config()));
    try (NDManager manager = NDManager.newBaseManager()) {
      ParityReport report = golden.check(provider, manager);
      assertTrue(report.passed(), report::toString);
    }
  }

  @Test
  void accepts_only_sam() {
    SamReferenceProvider provider = new SamReferenceProvider();
    ModelConfig other =
        ModelConfig.of(
            com.fasterxml.jackson.databind.node.JsonNodeFactory.instance
                .objectNode()
                .put("model_type", "dinov2"),
            Path.of("config.json"));
    assertFalse(provider.accepts(other));
  }

  @ParameterizedTest
  @MethodSource("cases")
  void computes_in_bfloat16(ParityCase golden) {
    try (NDManager manager = NDManager.newBaseManager()) {
      ParityReport report = golden.check(new SamReferenceProvider(), Precision.BF16, manager);
      assertTrue(report.passed(), report::toString);
      assertTrue(report.worst("out") > 1e-4, "float32 is no test of bfloat16");
    }
  }
}
