package dmdx.nn.data;

/**
 * An 8-bit RGB picture.
 *
 * @param height rows
 * @param width columns
 * @param pixels unsigned bytes, {@code [height, width, 3]} in row-major order; not copied
 */
public record RgbImage(int height, int width, byte[] pixels) {
  /** Red, green, blue. */
  public static final int CHANNELS = 3;

  public RgbImage {
    if (height < 1 || width < 1 || pixels.length != height * width * CHANNELS) {
      throw new IllegalArgumentException(
          "a picture of %dx%d needs %d bytes, not %d"
              .formatted(height, width, (long) height * width * CHANNELS, pixels.length));
    }
  }

  /** The part of the given size whose distances to opposite edges are equal, or 1 more behind. */
  public RgbImage centre(int rows, int columns) {
    int top = (height - rows) / 2;
    int left = (width - columns) / 2;
    byte[] part = new byte[rows * columns * CHANNELS];
    for (int y = 0; y < rows; y++) {
      int from = ((top + y) * width + left) * CHANNELS;
      System.arraycopy(pixels, from, part, y * columns * CHANNELS, columns * CHANNELS);
    }
    return new RgbImage(rows, columns, part);
  }

  /** All red values, then green and blue ones, from 0 to 1. */
  float[] planes() {
    int positions = height * width;
    float[] values = new float[CHANNELS * positions];
    for (int c = 0; c < CHANNELS; c++) {
      for (int i = 0; i < positions; i++) {
        values[c * positions + i] = (float) ((pixels[CHANNELS * i + c] & 0xFF) * (1 / 255.0));
      }
    }
    return values;
  }
}
