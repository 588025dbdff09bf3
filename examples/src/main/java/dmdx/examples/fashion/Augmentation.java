package dmdx.examples.fashion;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import dmdx.nn.weights.Noise;

/** Random mirroring and shifts by up to two pixels; the border is repeated. */
final class Augmentation {
  private static final int SHIFT = 2;

  private Augmentation() {}

  /**
   * @param pixels {@code [B, 3, H, W]}, closed
   * @return the changed pictures, same shape
   */
  static NDArray apply(NDArray pixels, Noise noise) {
    Shape shape = pixels.getShape();
    int height = (int) shape.get(2);
    int width = (int) shape.get(3);
    float[] from = pixels.toFloatArray();
    float[] to = new float[from.length];
    for (int b = 0; b < shape.get(0); b++) {
      boolean mirrored = noise.below(2) == 1;
      int right = noise.below(2 * SHIFT + 1) - SHIFT;
      int down = noise.below(2 * SHIFT + 1) - SHIFT;
      for (int line = 0; line < 3 * height; line++) {
        int y = Math.min(height - 1, Math.max(0, line % height - down));
        int target = (b * 3 * height + line) * width;
        int source = (b * 3 * height + line / height * height + y) * width;
        for (int x = 0; x < width; x++) {
          int column = Math.min(width - 1, Math.max(0, x - right));
          to[target + x] = from[source + (mirrored ? width - 1 - column : column)];
        }
      }
    }
    NDArray result = pixels.getManager().create(to, shape);
    pixels.close();
    return result;
  }
}
