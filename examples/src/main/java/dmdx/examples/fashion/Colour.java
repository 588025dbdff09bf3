package dmdx.examples.fashion;

/** The colours garments come in; they differ in hue or clearly in lightness. */
enum Colour {
  RED(0xd71923),
  ORANGE(0xff820f),
  YELLOW(0xfade28),
  GREEN(0x2da53c),
  CYAN(0x2dd2dc),
  BLUE(0x284be1),
  PURPLE(0x822db9),
  PINK(0xff8cc3);

  private final int rgb;

  Colour(int rgb) {
    this.rgb = rgb;
  }

  /** Red (0), green (1) or blue (2) of the fully lit colour, 0 to 255. */
  int channel(int index) {
    return rgb >> (16 - 8 * index) & 0xff;
  }
}
