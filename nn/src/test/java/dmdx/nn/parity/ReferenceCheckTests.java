package dmdx.nn.parity;

import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDManager;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.ServiceLoader;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** This module's schedules, tokenizers, preprocessors and distances against reference values. */
class ReferenceCheckTests {
  private static final List<String> FAMILIES =
      List.of("schedulers", "clip-full", "clip-bpe", "t5-sentencepiece", "lpips", "dinov2");

  static Stream<ParityItem> cases() {
    List<ReferenceCheck> checks =
        ServiceLoader.load(ReferenceCheck.class, ReferenceCheck.class.getClassLoader()).stream()
            .map(ServiceLoader.Provider::get)
            .toList();
    return FAMILIES.stream()
        .flatMap(
            family ->
                Stream.of("../../shared/golden", "src/test/resources/golden")
                    .map(root -> Path.of(root, family))
                    .filter(Files::isDirectory)
                    .limit(1))
        .flatMap(folder -> ParityItem.find(folder, List.of(), checks).stream())
        .filter(item -> item.comparison() != null);
  }

  @Tag("golden")
  @ParameterizedTest
  @MethodSource("cases")
  void equals_the_reference(ParityItem item) {
    try (NDManager manager = NDManager.newBaseManager()) {
      int before = manager.getManagedArrays().size();
      ParityReport report = Objects.requireNonNull(item.comparison()).apply(manager);
      assertTrue(report.passed(), () -> report.folder() + ": " + report.failures());
      assertTrue(report.rows().size() > 3, "few rows: " + report.rows().size());
      assertTrue(manager.getManagedArrays().size() == before, "tensors are left behind");
    }
  }
}
