package dmdx.examples.fashion;

import dmdx.nn.classify.Attribute;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/** What the pictures show and how captions say it. */
final class Wardrobe {
  /** Height and width of a picture in pixels. */
  static final int SIZE = 32;

  /** Garment names in the order of the Fashion-MNIST labels. */
  static final List<String> GARMENTS =
      List.of(
          "t-shirt",
          "trouser",
          "pullover",
          "dress",
          "coat",
          "sandal",
          "shirt",
          "sneaker",
          "bag",
          "ankle boot");

  static final List<String> COLOURS = Arrays.stream(Colour.values()).map(Wardrobe::name).toList();

  private Wardrobe() {}

  static String name(Colour colour) {
    return colour.name().toLowerCase(Locale.ROOT);
  }

  static String caption(Colour colour, int garment) {
    return "a photo of a %s %s".formatted(name(colour), GARMENTS.get(garment));
  }

  static List<Attribute> attributes() {
    return List.of(new Attribute("garment", GARMENTS), new Attribute("colour", COLOURS));
  }
}
