package dmdx.runner.stage;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dmdx.api.Metric;
import dmdx.nn.weights.DType;
import dmdx.nn.weights.SafetensorsFile;
import dmdx.nn.weights.SafetensorsWriter;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What metrics keep of the reference's samples, so that those are drawn once. Each metric that can
 * be kept has a file {@code reference-<metric>.safetensors}, whose metadata hold the origin.
 *
 * @param folder of the files
 * @param origin hash of all that the tallies follow from; files of another one do not count
 */
record SavedReference(Path folder, String origin) {
  private static final String ORIGIN = "origin";

  private Path file(String metric) {
    return folder.resolve("reference-" + metric + ".safetensors");
  }

  /** Keeps the tallies that can be kept. */
  void save(Map<String, Metric.Tally> tallies, NDManager manager) {
    try (NDManager owner = manager.newSubManager()) {
      Files.createDirectories(folder);
      tallies.forEach(
          (metric, tally) -> {
            Optional<Map<String, NDArray>> tensors = tally.save(owner);
            tensors.ifPresent(
                saved ->
                    SafetensorsWriter.write(
                        file(metric), saved, Map.of(ORIGIN, origin), DType.F32));
          });
    } catch (IOException e) {
      throw new UncheckedIOException("%s: cannot be made".formatted(folder), e);
    }
  }

  /**
   * Gives new tallies what was kept.
   *
   * @param prompts of all samples of the reference
   * @return whether all of them know it now; if not, none does
   */
  boolean restore(Map<String, Metric.Tally> tallies, List<String> prompts, NDManager manager) {
    if (!tallies.keySet().stream().allMatch(metric -> isOfOrigin(file(metric)))) {
      return false;
    }
    tallies.forEach(
        (metric, tally) -> {
          try (NDManager owner = manager.newSubManager();
              SafetensorsFile file = SafetensorsFile.open(file(metric))) {
            Map<String, NDArray> tensors = new LinkedHashMap<>();
            file.entries().keySet().forEach(name -> tensors.put(name, file.read(name, owner)));
            tally.restore(tensors, prompts);
          }
        });
    return true;
  }

  private boolean isOfOrigin(Path path) {
    if (Files.notExists(path)) {
      return false;
    }
    try (SafetensorsFile file = SafetensorsFile.open(path)) {
      return origin.equals(file.metadata().get(ORIGIN));
    }
  }
}
