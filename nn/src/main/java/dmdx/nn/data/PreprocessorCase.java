package dmdx.nn.data;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import dmdx.nn.parity.ParityRows;
import dmdx.nn.weights.ModelConfig;
import dmdx.nn.weights.SafetensorsFile;
import java.util.Collection;

/**
 * Stored pictures {@code in.image.k [H, W, 3]} and what a reference's preprocessor made of them:
 * {@code tap.*} 8-bit pictures, which must be equal, and {@code out.*} normalised pixels.
 *
 * @param file an opened {@code io.safetensors}
 * @param memory owns what is read
 */
public record PreprocessorCase(SafetensorsFile file, NDManager memory) {
  /** Largest absolute error of normalised pixels. */
  public static final double TOLERANCE = 1e-6;

  /** The same after a resize of floating-point numbers. */
  static final double RESIZE_TOLERANCE = 1e-5;

  /** Whether {@code index} is that of the case {@code preprocess} of one of the families. */
  public static boolean isOf(ModelConfig index, Collection<String> families) {
    return index.json().path("case").asText().equals("preprocess")
        && families.contains(index.json().path("family").asText());
  }

  /** The number of pictures. */
  public int pictures() {
    return (int)
        file.entries().keySet().stream().filter(name -> name.startsWith("in.image.")).count();
  }

  boolean stores(String tensor) {
    return file.entries().containsKey(tensor);
  }

  /** The picture {@code in.image.k}. */
  public RgbImage picture(int k) {
    NDArray stored = file.read("in.image." + k, memory);
    Shape shape = stored.getShape();
    return new RgbImage((int) shape.get(0), (int) shape.get(1), stored.toByteArray());
  }

  /** Compares a picture with {@code tap.<name>}, if that is stored. */
  public void bytes(ParityRows rows, String name, RgbImage actual) {
    if (stores("tap." + name)) {
      try (NDArray stored = file.read("tap." + name, memory)) {
        rows.integers("tap", name, unsigned(actual.pixels()), unsigned(stored.toByteArray()));
      }
    }
  }

  private static long[] unsigned(byte[] bytes) {
    long[] values = new long[bytes.length];
    for (int i = 0; i < bytes.length; i++) {
      values[i] = bytes[i] & 0xFF;
    }
    return values;
  }

  /**
   * Compares pixels with {@code out.<name>}.
   *
   * @param actual {@code [1, 3, H, W]}
   * @param tolerance absolute
   */
  public void pixels(ParityRows rows, String name, NDArray actual, double tolerance) {
    try (NDArray stored = file.read("out." + name, memory)) {
      rows.tensor("out", name, actual.squeeze(0), stored, ParityRows.ABSOLUTE, tolerance);
    }
  }
}
