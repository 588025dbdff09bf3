package dmdx.nn.data;

import java.util.Arrays;

/**
 * Resizes 8-bit pictures exactly as Pillow does, on which reference preprocessors rely: first along
 * rows, then along columns, in fixed point with 22 fractional bits and an 8-bit picture in between.
 */
public final class PillowResize {
  private static final int BITS = 22;

  private PillowResize() {}

  /**
   * @param image any size
   * @param height rows of the result
   * @param width columns of the result
   * @return the picture itself if it has that size
   */
  public static RgbImage resize(RgbImage image, int height, int width, ResizeFilter filter) {
    RgbImage rows = image.width() == width ? image : horizontal(image, width, filter);
    return rows.height() == height ? rows : vertical(rows, height, filter);
  }

  private static RgbImage horizontal(RgbImage image, int width, ResizeFilter filter) {
    FixedTaps[] taps = fixed(filter, image.width(), width);
    byte[] out = new byte[image.height() * width * RgbImage.CHANNELS];
    for (int y = 0; y < image.height(); y++) {
      int row = y * image.width() * RgbImage.CHANNELS;
      for (int x = 0; x < width; x++) {
        for (int c = 0; c < RgbImage.CHANNELS; c++) {
          int first = row + taps[x].from() * RgbImage.CHANNELS + c;
          out[(y * width + x) * RgbImage.CHANNELS + c] =
              taps[x].sum(image.pixels(), first, RgbImage.CHANNELS);
        }
      }
    }
    return new RgbImage(image.height(), width, out);
  }

  private static RgbImage vertical(RgbImage image, int height, ResizeFilter filter) {
    FixedTaps[] taps = fixed(filter, image.height(), height);
    int stride = image.width() * RgbImage.CHANNELS;
    byte[] out = new byte[height * stride];
    for (int y = 0; y < height; y++) {
      for (int i = 0; i < stride; i++) {
        out[y * stride + i] = taps[y].sum(image.pixels(), taps[y].from() * stride + i, stride);
      }
    }
    return new RgbImage(height, image.width(), out);
  }

  private static FixedTaps[] fixed(ResizeFilter filter, int in, int out) {
    return Arrays.stream(filter.taps(in, out))
        .map(
            t -> {
              int[] weights = new int[t.weights().length];
              for (int j = 0; j < weights.length; j++) {
                double scaled = t.weights()[j] * (1 << BITS);
                weights[j] = (int) (scaled < 0 ? scaled - 0.5 : scaled + 0.5);
              }
              return new FixedTaps(t.from(), weights);
            })
        .toArray(FixedTaps[]::new);
  }

  private record FixedTaps(int from, int[] weights) {
    byte sum(byte[] pixels, int first, int stride) {
      int sum = 1 << (BITS - 1);
      int at = first;
      for (int weight : weights) {
        sum += (pixels[at] & 0xFF) * weight;
        at += stride;
      }
      return (byte) Math.max(0, Math.min(255, sum >> BITS));
    }
  }
}
