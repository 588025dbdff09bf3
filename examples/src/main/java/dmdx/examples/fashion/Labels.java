package dmdx.examples.fashion;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import dmdx.nn.classify.Attribute;
import dmdx.nn.data.DatasetException;
import dmdx.nn.data.ImageFolder;
import dmdx.nn.torch.Ops;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The labels that the captions of an image folder name. */
final class Labels {
  private final Map<Attribute, int[]> labels = new LinkedHashMap<>();

  Labels(ImageFolder images, List<Attribute> attributes) {
    for (Attribute attribute : attributes) {
      int[] named = new int[images.size()];
      for (int i = 0; i < named.length; i++) {
        named[i] = attribute.namedIn(images.caption(i));
        if (named[i] < 0) {
          throw new DatasetException(
              "caption '%s' names no %s; expected one of %s"
                  .formatted(images.caption(i), attribute.name(), attribute.labels()));
        }
      }
      labels.put(attribute, named);
    }
  }

  /** Mean cross entropy of the true labels, summed over the attributes. */
  NDArray crossEntropy(Map<String, NDArray> scores, int[] rows, NDManager manager) {
    NDArray total = null;
    for (Map.Entry<Attribute, int[]> entry : labels.entrySet()) {
      int width = entry.getKey().labels().size();
      float[] target = new float[rows.length * width];
      for (int i = 0; i < rows.length; i++) {
        target[i * width + entry.getValue()[rows[i]]] = -1f / rows.length;
      }
      NDArray logarithms = score(scores, entry.getKey()).logSoftmax(1);
      NDArray loss =
          logarithms.mul(Ops.constant(logarithms, target, new Shape(rows.length, width))).sum();
      total = total == null ? loss : total.add(loss);
    }
    if (total == null) {
      throw new IllegalStateException("there is no attribute to tell");
    }
    return total;
  }

  /** How many rows each attribute is told right on, added to {@code hits} by attribute name. */
  void count(Map<String, NDArray> scores, int[] rows, Map<String, Integer> hits) {
    labels.forEach(
        (attribute, named) -> {
          long[] told = score(scores, attribute).argMax(1).toLongArray();
          int right = 0;
          for (int i = 0; i < rows.length; i++) {
            right += told[i] == named[rows[i]] ? 1 : 0;
          }
          hits.merge(attribute.name(), right, Integer::sum);
        });
  }

  private static NDArray score(Map<String, NDArray> scores, Attribute attribute) {
    NDArray score = scores.get(attribute.name());
    if (score == null) {
      throw new IllegalArgumentException("there are no scores for " + attribute.name());
    }
    return score;
  }
}
