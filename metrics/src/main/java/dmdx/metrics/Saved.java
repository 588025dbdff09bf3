package dmdx.metrics;

import ai.djl.ndarray.NDArray;
import dmdx.api.CheckpointException;
import java.util.List;
import java.util.Map;

/** The tensors of saved tallies. */
final class Saved {
  private Saved() {}

  /**
   * @throws CheckpointException if there is no such tensor
   */
  static NDArray tensor(Map<String, NDArray> saved, String name) {
    NDArray tensor = saved.get(name);
    if (tensor == null) {
      throw new CheckpointException(
          "the saved tally has no '%s', only %s. Delete the folder 'evaluate' of the run."
              .formatted(name, saved.keySet()));
    }
    return tensor;
  }

  static float[] floats(List<Float> values) {
    float[] array = new float[values.size()];
    for (int i = 0; i < array.length; i++) {
      array[i] = values.get(i);
    }
    return array;
  }
}
