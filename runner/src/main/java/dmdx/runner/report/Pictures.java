package dmdx.runner.report;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.awt.image.BufferedImage;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Pixels as pictures to show. Values that are not numbers are magenta. */
final class Pictures {
  private static final int NOT_A_NUMBER = 0xff00ff;

  private Pictures() {}

  /**
   * The frames of every clip; a picture is a clip of one.
   *
   * @param pixels RGB {@code [B, 3, H, W]} or {@code [B, 3, T, H, W]} in [-1, 1], clamped; copied
   * @throws IllegalArgumentException if the shape is another
   */
  static List<List<BufferedImage>> clips(NDArray pixels) {
    Shape shape = pixels.getShape();
    int rank = shape.dimension();
    if (rank < 4 || rank > 5 || shape.get(1) != 3) {
      throw new IllegalArgumentException(
          "pixels are %s, expected [rows, 3, height, width] or [rows, 3, frames, height, width]"
              .formatted(Arrays.toString(shape.getShape())));
    }
    int frames = rank == 5 ? (int) shape.get(2) : 1;
    int height = (int) shape.get(rank - 2);
    int width = (int) shape.get(rank - 1);
    List<List<BufferedImage>> clips = new ArrayList<>();
    for (long row = 0; row < shape.get(0); row++) {
      try (NDArray clip = pixels.get(row);
          NDArray floats = clip.toType(DataType.FLOAT32, true)) {
        clips.add(clip(floats.toFloatArray(), 0, frames, height, width));
      }
    }
    return clips;
  }

  /**
   * The frames of one clip.
   *
   * @param pixels holds {@code [3, frames, height, width]} from {@code from} on
   */
  static List<BufferedImage> clip(float[] pixels, int from, int frames, int height, int width) {
    int size = height * width;
    int plane = frames * size;
    List<BufferedImage> clip = new ArrayList<>();
    for (int frame = from; frame < from + plane; frame += size) {
      BufferedImage picture = new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB);
      for (int i = 0; i < size; i++) {
        float r = pixels[frame + i];
        float g = pixels[frame + plane + i];
        float b = pixels[frame + 2 * plane + i];
        boolean number = Float.isFinite(r + g + b);
        int rgb = number ? level(r) << 16 | level(g) << 8 | level(b) : NOT_A_NUMBER;
        picture.setRGB(i % width, i / width, rgb);
      }
      clip.add(picture);
    }
    return clip;
  }

  private static int level(float value) {
    return Math.round(Math.min(1, Math.max(0, (value + 1) / 2)) * 255);
  }

  /** The picture with each square of {@code factor} x {@code factor} pixels made one, the mean. */
  static BufferedImage reduced(BufferedImage picture, int factor) {
    if (factor == 1) {
      return picture;
    }
    int width = Math.max(1, picture.getWidth() / factor);
    int height = Math.max(1, picture.getHeight() / factor);
    BufferedImage result = new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB);
    for (int y = 0; y < height; y++) {
      for (int x = 0; x < width; x++) {
        result.setRGB(x, y, mean(picture, x * factor, y * factor, factor));
      }
    }
    return result;
  }

  private static int mean(BufferedImage picture, int left, int top, int side) {
    int right = Math.min(left + side, picture.getWidth());
    int bottom = Math.min(top + side, picture.getHeight());
    int red = 0;
    int green = 0;
    int blue = 0;
    for (int y = top; y < bottom; y++) {
      for (int x = left; x < right; x++) {
        int rgb = picture.getRGB(x, y);
        red += (rgb >> 16) & 0xff;
        green += (rgb >> 8) & 0xff;
        blue += rgb & 0xff;
      }
    }
    int count = (right - left) * (bottom - top);
    return (mean(red, count) << 16) | (mean(green, count) << 8) | mean(blue, count);
  }

  private static int mean(int sum, int count) {
    return (sum + count / 2) / count;
  }
}
