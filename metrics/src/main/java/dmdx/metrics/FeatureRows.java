package dmdx.metrics;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Features of samples, a row each, in the order of the samples, and the samples' prompts. */
final class FeatureRows {
  private final Prompts numbering = new Prompts();
  private final List<float[]> rows = new ArrayList<>();
  private final List<Integer> prompts = new ArrayList<>();

  /**
   * @param features {@code [B, F]}, float32
   * @param asked one prompt per sample
   */
  void add(NDArray features, List<String> asked) {
    float[] flat = features.toFloatArray();
    int width = flat.length / asked.size();
    for (int i = 0; i < asked.size(); i++) {
      add(Arrays.copyOfRange(flat, i * width, (i + 1) * width), asked.get(i));
    }
  }

  void add(float[] row, String prompt) {
    rows.add(row);
    prompts.add(numbering.next(prompt));
  }

  /** One per sample. */
  List<float[]> rows() {
    return rows;
  }

  /** The number of a sample's prompt; equal ones follow one another. */
  int prompt(int row) {
    return prompts.get(row);
  }

  /** How many prompts there are. */
  int promptCount() {
    return prompts.isEmpty() ? 0 : prompts.get(prompts.size() - 1) + 1;
  }

  /** The rows of each prompt, in its order. */
  List<List<float[]>> byPrompt() {
    List<List<float[]>> groups = new ArrayList<>();
    for (int i = 0; i < rows.size(); i++) {
      if (prompt(i) == groups.size()) {
        groups.add(new ArrayList<>());
      }
      groups.get(prompt(i)).add(rows.get(i));
    }
    return groups;
  }

  /** All rows {@code [N, F]}, which {@link #add} makes the same of. */
  NDArray save(NDManager owner) {
    int width = rows.isEmpty() ? 0 : rows.get(0).length;
    float[] flat = new float[rows.size() * width];
    for (int i = 0; i < rows.size(); i++) {
      System.arraycopy(rows.get(i), 0, flat, i * width, width);
    }
    return owner.create(flat, new Shape(rows.size(), width));
  }
}
