package dmdx.nn.schedule;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dmdx.nn.weights.ModelConfig;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import java.util.stream.Stream;

/** One recorded scheduler: its tables, grids and runs. */
record SchedulerCase(Path file, JsonNode json) {

  /** The committed cases of a scheduler, and all others of the shared folder if it is there. */
  static List<SchedulerCase> find(String scheduler) {
    TreeMap<String, Path> files = new TreeMap<>();
    for (String root : List.of("../../shared/golden", "src/test/resources/golden")) {
      Path folder = Path.of(root, "schedulers", scheduler);
      if (Files.isDirectory(folder)) {
        try (Stream<Path> children = Files.list(folder)) {
          children.forEach(file -> files.put(file.getFileName().toString(), file));
        } catch (IOException e) {
          throw new UncheckedIOException(e);
        }
      }
    }
    assertTrue(!files.isEmpty(), "no cases of " + scheduler);
    List<SchedulerCase> cases = new ArrayList<>();
    for (Path file : files.values()) {
      try {
        cases.add(new SchedulerCase(file, new ObjectMapper().readTree(file.toFile())));
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
    return cases;
  }

  ModelConfig config() {
    return ModelConfig.of(json.get("config"), file);
  }

  static double[] numbers(JsonNode list) {
    double[] values = new double[list.size()];
    for (int i = 0; i < values.length; i++) {
      values[i] = list.get(i).asDouble();
    }
    return values;
  }

  static NDArray tensor(NDManager manager, JsonNode list, long... shape) {
    float[] values = new float[list.size()];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) list.get(i).asDouble();
    }
    return manager.create(values, shape.length == 0 ? new Shape(values.length) : new Shape(shape));
  }

  /** {@code |a - b| <= tolerance max(1, |b|)}. */
  static void assertNear(String what, JsonNode expected, NDArray actual, double tolerance) {
    float[] values = actual.toFloatArray();
    assertEquals(expected.size(), values.length, what);
    for (int i = 0; i < values.length; i++) {
      double b = expected.get(i).asDouble();
      assertEquals(b, values[i], tolerance * Math.max(1, Math.abs(b)), what + " [" + i + "]");
    }
  }

  /** {@code |a - b| <= max(absolute, relative |b|)}. */
  static void assertNear(
      String what, JsonNode expected, double[] actual, double relative, double absolute) {
    assertEquals(expected.size(), actual.length, what);
    for (int i = 0; i < actual.length; i++) {
      double b = expected.get(i).asDouble();
      double allowed = Math.max(absolute, relative * Math.abs(b));
      assertEquals(b, actual[i], allowed, what + " [" + i + "]");
    }
  }

  @Override
  public String toString() {
    return file.subpath(file.getNameCount() - 2, file.getNameCount()).toString();
  }
}
