package dmdx.nn.perceptual;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import dmdx.api.CheckpointException;
import dmdx.api.network.Network;
import dmdx.api.network.ParameterSpec;
import dmdx.api.network.Weights;
import dmdx.nn.parity.ParityReport;
import dmdx.nn.parity.ParityRows;
import dmdx.nn.weights.MapWeights;
import dmdx.nn.weights.ModelConfig;
import dmdx.nn.weights.SafetensorsFile;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Weights of which a case stores no more than how they came about: a hash of tensor number t and
 * element number i, scaled to {@code [-s, s)}, with {@code s = sqrt(6 / fan-in)} for weights and
 * 0.125 for biases.
 */
final class RecipeWeights implements AutoCloseable {
  private static final String LINEAR = "lin";
  private static final int STORED_HEAD = 8;

  private final ModelConfig index;
  private final Map<String, NDArray> tensors;
  private final NDManager memory;

  private RecipeWeights(ModelConfig index, Map<String, NDArray> tensors, NDManager memory) {
    this.index = index;
    this.tensors = tensors;
    this.memory = memory;
  }

  /**
   * @param index names seed, order of the tensors, and the file of the channels' weights
   */
  static RecipeWeights open(ModelConfig index, Network network, NDManager manager) {
    ModelConfig recipe = index.section("backbone_weights");
    long seed = recipe.integer("seed");
    List<String> order = recipe.texts("tensor_order", List.of());
    Path linear = index.path().resolveSibling(index.text("linear_weights", "")).normalize();
    NDManager memory = manager.newSubManager();
    try (SafetensorsFile file = SafetensorsFile.open(linear)) {
      Map<String, NDArray> tensors = new LinkedHashMap<>();
      for (ParameterSpec parameter : network.parameters()) {
        String name = parameter.name();
        if (name.startsWith(LINEAR)) {
          tensors.put(name, file.read(name, memory));
        } else {
          int number = order.indexOf(name);
          if (number < 0) {
            throw new CheckpointException(
                "%s: backbone_weights.tensor_order lacks '%s'".formatted(index.path(), name));
          }
          Shape shape = parameter.shape();
          tensors.put(name, memory.create(values(seed, number, shape), shape));
        }
      }
      return new RecipeWeights(index, tensors, memory);
    } catch (CheckpointException e) {
      memory.close();
      throw e;
    }
  }

  static float[] values(long seed, int tensor, Shape shape) {
    long fanIn = shape.size() / shape.get(0);
    double scale = shape.dimension() == 1 ? 0.125 : Math.sqrt(6.0 / fanIn);
    long start = seed * 0xD1342543DE82EF95L + (tensor + 1) * 0x9E3779B97F4A7C15L;
    float[] values = new float[Math.toIntExact(shape.size())];
    for (int i = 0; i < values.length; i++) {
      long z = start + i * 0xBF58476D1CE4E5B9L;
      z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
      z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
      z ^= z >>> 31;
      values[i] = (float) ((2 * ((z >>> 40) * 0x1p-24) - 1) * scale);
    }
    return values;
  }

  /** Compares the first elements and the sum of each tensor with {@code check.*}. */
  List<ParityReport.Row> check() {
    ParityRows rows = new ParityRows("io.safetensors");
    try (SafetensorsFile file =
        SafetensorsFile.open(index.path().resolveSibling("io.safetensors"))) {
      tensors.forEach(
          (name, tensor) -> {
            if (file.entries().containsKey("check.sum." + name)) {
              float[] values = tensor.toFloatArray();
              double sum = 0;
              for (float value : values) {
                sum += value;
              }
              rows.numbers(
                  "check",
                  "head." + name,
                  doubles(Arrays.copyOf(values, STORED_HEAD)),
                  read(file, "check.head." + name),
                  ParityRows.ABSOLUTE,
                  0);
              double stored = read(file, "check.sum." + name)[0];
              rows.number("check", "sum." + name, sum, stored, ParityRows.RELATIVE, 1e-6);
            }
          });
    }
    return rows.list();
  }

  private double[] read(SafetensorsFile file, String name) {
    try (NDArray stored = file.read(name, memory)) {
      return doubles(stored.toFloatArray());
    }
  }

  private static double[] doubles(float[] values) {
    double[] wide = new double[values.length];
    for (int i = 0; i < values.length; i++) {
      wide[i] = values[i];
    }
    return wide;
  }

  Weights weights() {
    return new MapWeights(index.path().toString(), tensors);
  }

  @Override
  public void close() {
    memory.close();
  }
}
