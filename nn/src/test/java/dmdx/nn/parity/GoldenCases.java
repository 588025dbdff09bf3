package dmdx.nn.parity;

import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDManager;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;

/**
 * The stored cases of a family: all of them where they lie beside the project, else those in it.
 */
public final class GoldenCases {
  private GoldenCases() {}

  /** The cases of a family, such as {@code t5-encoder}. */
  public static Stream<ParityCase> of(String family) {
    Path shared = Path.of("../../shared/golden", family);
    Path committed = Path.of("src/test/resources/golden", family);
    return ParityCase.find(Files.isDirectory(shared) ? shared : committed).stream();
  }

  /** Fails unless the provider's network has all values and gradients of the case. */
  public static ParityReport passed(ParityCase golden, ReferenceNetworkProvider provider) {
    assertTrue(provider.accepts(golden.config()));
    try (NDManager manager = NDManager.newBaseManager()) {
      ParityReport report = golden.check(provider, manager);
      assertTrue(report.passed(), report::toString);
      return report;
    }
  }
}
