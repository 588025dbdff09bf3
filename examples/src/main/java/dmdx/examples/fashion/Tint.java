package dmdx.examples.fashion;

import java.awt.image.BufferedImage;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;

/**
 * How a grey garment becomes a colour picture: its grey level shades the colour, and faint grey at
 * its outline lets the background through.
 *
 * @param colour the garment's colour
 * @param light whether the background is light
 */
record Tint(Colour colour, boolean light) {
  private static final double OPAQUE_FROM = 48;
  private static final double DARKEST = 0.5;

  /** Every colour on either background. */
  static final List<Tint> ALL =
      Arrays.stream(Colour.values())
          .flatMap(colour -> Stream.of(new Tint(colour, true), new Tint(colour, false)))
          .toList();

  /**
   * @param variation in [0, 1), varies the background a little
   * @return a picture of {@link Wardrobe#SIZE} pixels with the garment in the middle
   */
  BufferedImage apply(GreyPictures pictures, int index, double variation) {
    int size = Wardrobe.SIZE;
    int margin = (size - GreyPictures.SIZE) / 2;
    double background = (light ? 0.9 + 0.1 * variation : 0.05 + 0.1 * variation) * 255;
    BufferedImage image = new BufferedImage(size, size, BufferedImage.TYPE_INT_RGB);
    for (int y = 0; y < size; y++) {
      for (int x = 0; x < size; x++) {
        int grey =
            inside(x - margin, y - margin) ? pictures.grey(index, x - margin, y - margin) : 0;
        double alpha = Math.min(1, grey / OPAQUE_FROM);
        double shade = DARKEST + (1 - DARKEST) * grey / 255;
        int packed = 0;
        for (int c = 0; c < 3; c++) {
          double value = alpha * shade * colour.channel(c) + (1 - alpha) * background;
          packed = packed << 8 | (int) Math.round(value);
        }
        image.setRGB(x, y, packed);
      }
    }
    return image;
  }

  private static boolean inside(int x, int y) {
    return x >= 0 && y >= 0 && x < GreyPictures.SIZE && y < GreyPictures.SIZE;
  }
}
