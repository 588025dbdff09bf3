package dmdx.nn.parity;

import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dmdx.nn.weights.DType;
import dmdx.nn.weights.SafetensorsFile;
import dmdx.nn.weights.SafetensorsWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.UnaryOperator;
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

  /**
   * A committed case whose weights are stored under other names.
   *
   * @param folder where the renamed case is written
   */
  public static ParityCase renamed(String path, UnaryOperator<String> naming, Path folder)
      throws IOException {
    try (Stream<Path> files = Files.list(Path.of("src/test/resources/golden", path));
        NDManager manager = NDManager.newBaseManager()) {
      for (Path file : files.toList()) {
        Path copy = folder.resolve(file.getFileName());
        if (file.toString().endsWith("model.safetensors")) {
          try (SafetensorsFile stored = SafetensorsFile.open(file)) {
            Map<String, NDArray> tensors = new LinkedHashMap<>();
            for (String name : stored.entries().keySet()) {
              tensors.put(naming.apply(name), stored.read(name, manager));
            }
            SafetensorsWriter.write(copy, tensors, Map.of(), DType.F32);
          }
        } else {
          Files.copy(file, copy);
        }
      }
    }
    return ParityCase.find(folder).get(0);
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
