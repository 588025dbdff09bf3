package dmdx.teacher.cogvideox.transformer;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import com.fasterxml.jackson.databind.JsonNode;
import dmdx.nn.parity.ParityReport;
import dmdx.nn.parity.ParityRows;
import dmdx.nn.parity.ReferenceCheck;
import dmdx.nn.weights.ModelConfig;
import dmdx.teacher.cogvideox.transformer.CogVideoXTransformerConfig.Positions;

/**
 * Compares the rotary tables of real sizes with recorded rows and sums of them: {@code
 * cases[].{height, width, rows, cos, sin, cos_sum, sin_sum, …}}.
 */
public final class RotationReference implements ReferenceCheck {
  private static final int PATCH = 2;
  private static final double TOLERANCE = 1e-6;

  /** Stateless. */
  public RotationReference() {}

  @Override
  public boolean accepts(ModelConfig index) {
    JsonNode first = index.json().path("cases").path(0);
    return first.has("cos_sum") && first.has("grid_height");
  }

  @Override
  public ParityReport check(ModelConfig index, NDManager manager) {
    ParityRows rows = new ParityRows(index.path().getFileName().toString());
    for (JsonNode recorded : index.json().path("cases")) {
      Positions.Rotary trained =
          new Positions.Rotary(
              recorded.path("sample_height").asInt() / PATCH,
              recorded.path("sample_width").asInt() / PATCH);
      TokenGrid grid =
          new TokenGrid(
              recorded.path("latent_frames").asInt(),
              recorded.path("grid_height").asInt(),
              recorded.path("grid_width").asInt());
      int width = recorded.path("attention_head_dim").asInt();
      try (NDManager memory = manager.newSubManager()) {
        Rotation rotation = Rotation.of(memory.zeros(new Shape(1)), trained, width, grid);
        compare(rows, recorded, "cos", rotation.cos());
        compare(rows, recorded, "sin", rotation.sin());
      }
    }
    return new ParityReport(index.path(), rows.list());
  }

  private static void compare(ParityRows rows, JsonNode recorded, String table, NDArray actual) {
    String name =
        "%dx%d.%s"
            .formatted(recorded.path("height").asInt(), recorded.path("width").asInt(), table);
    long[] shape = {
      recorded.path("shape").path(0).asLong(), recorded.path("shape").path(1).asLong()
    };
    rows.integers("table", name + ".shape", actual.getShape().getShape(), shape);
    int width = (int) shape[1];
    float[] values = actual.toFloatArray();
    int count = recorded.path("rows").size();
    double[] selected = new double[count * width];
    double[] stored = new double[count * width];
    for (int i = 0; i < count; i++) {
      int row = recorded.path("rows").path(i).asInt();
      for (int k = 0; k < width; k++) {
        selected[i * width + k] = values[row * width + k];
        stored[i * width + k] = recorded.path(table).path(i).path(k).asDouble();
      }
    }
    rows.numbers("table", name, selected, stored, ParityRows.ABSOLUTE, TOLERANCE);
    double sum = 0;
    for (float value : values) {
      sum += value;
    }
    double mean = recorded.path(table + "_sum").asDouble() / values.length;
    rows.number("table", name + "_mean", sum / values.length, mean, ParityRows.ABSOLUTE, TOLERANCE);
  }
}
