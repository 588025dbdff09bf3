package dmdx.examples.fashion;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import dmdx.nn.weights.Noise;

/**
 * Random mirroring, shifts by up to two pixels with a repeated border, and in half of the pictures
 * a square of background over some part.
 */
final class Augmentation {
  private static final int SHIFT = 2;
  private static final int HIDDEN = 10;

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
      boolean hides = noise.below(2) == 1;
      int hiddenLeft = noise.below(width) - HIDDEN / 2;
      int hiddenTop = noise.below(height) - HIDDEN / 2;
      for (int line = 0; line < 3 * height; line++) {
        int y = Math.min(height - 1, Math.max(0, line % height - down));
        int target = (b * 3 * height + line) * width;
        int source = (b * 3 * height + line / height * height + y) * width;
        for (int x = 0; x < width; x++) {
          int column = Math.min(width - 1, Math.max(0, x - right));
          boolean hidden =
              hides
                  && x - hiddenLeft >= 0
                  && x - hiddenLeft < HIDDEN
                  && line % height - hiddenTop >= 0
                  && line % height - hiddenTop < HIDDEN;
          int corner = (b * 3 + line / height) * height * width;
          to[target + x] =
              hidden ? from[corner] : from[source + (mirrored ? width - 1 - column : column)];
        }
      }
    }
    NDArray result = pixels.getManager().create(to, shape);
    pixels.close();
    return result;
  }
}
