package dmdx.nn.data;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.awt.image.BufferedImage;

/** Conversion between pictures and pixels in [-1, 1], and resizing. */
public final class Images {
  private Images() {}

  /**
   * The pixels of a picture; an alpha channel is dropped.
   *
   * @param image any picture
   * @param manager owns the result
   * @return {@code [3, H, W]}, float32 in [-1, 1]
   */
  public static NDArray pixels(BufferedImage image, NDManager manager) {
    byte[] planes = planes(image);
    float[] values = new float[planes.length];
    normalise(planes, values, 0);
    return manager.create(values, new Shape(3, image.getHeight(), image.getWidth()));
  }

  /**
   * The picture of some pixels; values outside [-1, 1] are clamped.
   *
   * @param pixels {@code [3, H, W]}
   */
  public static BufferedImage picture(NDArray pixels) {
    Shape shape = pixels.getShape();
    if (shape.dimension() != 3 || shape.get(0) != 3) {
      throw new IllegalArgumentException("a picture is made of [3, H, W], not of " + shape);
    }
    int height = (int) shape.get(1);
    int width = (int) shape.get(2);
    BufferedImage image = new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB);
    draw(floats(pixels), 0, image, 0, 0, width, height);
    return image;
  }

  /**
   * Several pictures side by side in rows, without gaps.
   *
   * @param pixels {@code [B, 3, H, W]}
   * @param columns pictures per row
   */
  public static BufferedImage grid(NDArray pixels, int columns) {
    Shape shape = pixels.getShape();
    if (shape.dimension() != 4 || shape.get(1) != 3 || columns < 1) {
      throw new IllegalArgumentException(
          "a grid is made of [B, 3, H, W] and at least one column, not of %s and %d"
              .formatted(shape, columns));
    }
    int count = (int) shape.get(0);
    int height = (int) shape.get(2);
    int width = (int) shape.get(3);
    int rows = (count + columns - 1) / columns;
    BufferedImage image =
        new BufferedImage(columns * width, rows * height, BufferedImage.TYPE_INT_RGB);
    float[] values = floats(pixels);
    for (int i = 0; i < count; i++) {
      int left = i % columns * width;
      int top = i / columns * height;
      draw(values, i * 3 * height * width, image, left, top, width, height);
    }
    return image;
  }

  /**
   * The picture scaled to cover the given size (bicubic, antialiased), then cropped around its
   * centre.
   *
   * @return {@code image} itself if it has that size
   */
  public static BufferedImage resized(BufferedImage image, int width, int height) {
    if (image.getWidth() == width && image.getHeight() == height) {
      return image;
    }
    double scale = Math.max(width / (double) image.getWidth(), height / (double) image.getHeight());
    int coverWidth = (int) Math.max(width, Math.round(image.getWidth() * scale));
    int coverHeight = (int) Math.max(height, Math.round(image.getHeight() * scale));
    RgbImage part =
        PillowResize.resize(rgb(image), coverHeight, coverWidth, ResizeFilter.BICUBIC)
            .centre(height, width);
    BufferedImage result = new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB);
    byte[] pixels = part.pixels();
    for (int y = 0; y < height; y++) {
      for (int x = 0; x < width; x++) {
        int at = (y * width + x) * RgbImage.CHANNELS;
        int packed =
            (pixels[at] & 0xff) << 16 | (pixels[at + 1] & 0xff) << 8 | (pixels[at + 2] & 0xff);
        result.setRGB(x, y, packed);
      }
    }
    return result;
  }

  /** The bytes of a picture; an alpha channel is dropped. */
  public static RgbImage rgb(BufferedImage image) {
    int width = image.getWidth();
    int height = image.getHeight();
    int[] packed = image.getRGB(0, 0, width, height, null, 0, width);
    byte[] pixels = new byte[RgbImage.CHANNELS * packed.length];
    for (int i = 0; i < packed.length; i++) {
      pixels[RgbImage.CHANNELS * i] = (byte) (packed[i] >> 16);
      pixels[RgbImage.CHANNELS * i + 1] = (byte) (packed[i] >> 8);
      pixels[RgbImage.CHANNELS * i + 2] = (byte) packed[i];
    }
    return new RgbImage(height, width, pixels);
  }

  /** The bytes of a picture, plane by plane: red, green, blue. */
  static byte[] planes(BufferedImage image) {
    int width = image.getWidth();
    int height = image.getHeight();
    int[] packed = image.getRGB(0, 0, width, height, null, 0, width);
    int size = width * height;
    byte[] planes = new byte[3 * size];
    for (int i = 0; i < size; i++) {
      planes[i] = (byte) (packed[i] >> 16);
      planes[size + i] = (byte) (packed[i] >> 8);
      planes[2 * size + i] = (byte) packed[i];
    }
    return planes;
  }

  static void normalise(byte[] planes, float[] target, int offset) {
    for (int i = 0; i < planes.length; i++) {
      target[offset + i] = (planes[i] & 0xff) / 127.5f - 1;
    }
  }

  private static float[] floats(NDArray pixels) {
    if (pixels.getDataType() == DataType.FLOAT32) {
      return pixels.toFloatArray();
    }
    try (NDArray copy = pixels.toType(DataType.FLOAT32, true)) {
      return copy.toFloatArray();
    }
  }

  private static void draw(
      float[] values, int offset, BufferedImage image, int left, int top, int width, int height) {
    int size = width * height;
    for (int i = 0; i < size; i++) {
      int red = level(values[offset + i]);
      int green = level(values[offset + size + i]);
      int blue = level(values[offset + 2 * size + i]);
      image.setRGB(left + i % width, top + i / width, red << 16 | green << 8 | blue);
    }
  }

  private static int level(float value) {
    return Math.max(0, Math.min(255, Math.round((value + 1) * 127.5f)));
  }
}
