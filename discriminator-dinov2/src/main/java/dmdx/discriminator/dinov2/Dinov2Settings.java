package dmdx.discriminator.dinov2;

import dmdx.api.settings.Settings;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * @param layers layers whose outputs are the features, counted from 1, rising
 * @param imageSize side in pixels of the square that pictures are scaled to
 * @param variant of the weights file, or null
 */
record Dinov2Settings(List<Integer> layers, int imageSize, @Nullable String variant) {

  static Dinov2Settings from(Settings s) {
    Dinov2Settings read =
        new Dinov2Settings(
            s.integers("layers", 1, 1024),
            s.integer("image-size", 1, 1 << 14),
            s.optionalText("variant"));
    for (int i = 1; i < read.layers.size(); i++) {
      if (read.layers.get(i) <= read.layers.get(i - 1)) {
        s.problem("layers", "is %s. Set it to rising layer numbers.".formatted(read.layers));
        break;
      }
    }
    return read;
  }

  /** Notes in {@code s} what does not fit a checkpoint. */
  void check(Settings s, Dinov2Config c, String file) {
    if (layers.get(layers.size() - 1) > c.layers()) {
      s.problem(
          "layers",
          "is %s, but %s has %d layers. Set it to layers from 1 to %3$d."
              .formatted(layers, file, c.layers()));
    }
    if (imageSize % c.patch() != 0) {
      s.problem(
          "image-size",
          "is %d, but the patches of %s have %d pixels. Set it to a multiple, such as %d."
              .formatted(imageSize, file, c.patch(), c.grid() * c.patch()));
    }
  }
}
