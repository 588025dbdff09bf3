package dmdx.discriminator.dinov2;

import dmdx.api.settings.Settings;
import dmdx.nn.backbone.LayerChoice;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * @param layers layers whose outputs are the features
 * @param imageSize side in pixels of the square that pictures are scaled to
 * @param variant of the weights file, or null
 */
record Dinov2Settings(LayerChoice layers, int imageSize, @Nullable String variant) {

  static Dinov2Settings from(Settings s) {
    return new Dinov2Settings(
        LayerChoice.from(s), s.integer("image-size", 1, 1 << 14), s.optionalText("variant"));
  }

  /** Notes in {@code s} if the size is no whole number of the checkpoint's patches. */
  void checkSize(Settings s, Dinov2Config c, Path file) {
    if (imageSize % c.patch() != 0) {
      s.problem(
          "image-size",
          "is %d, but the patches of %s have %d pixels. Set it to a multiple, such as %d."
              .formatted(imageSize, file, c.patch(), c.grid() * c.patch()));
    }
  }
}
