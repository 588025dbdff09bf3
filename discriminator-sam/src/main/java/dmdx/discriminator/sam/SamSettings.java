package dmdx.discriminator.sam;

import dmdx.api.settings.Settings;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * @param layers layers whose outputs are the features, counted from 1, rising
 * @param variant of the weights file, or null
 */
record SamSettings(List<Integer> layers, @Nullable String variant) {

  static SamSettings from(Settings s) {
    SamSettings read = new SamSettings(s.integers("layers", 1, 1024), s.optionalText("variant"));
    for (int i = 1; i < read.layers.size(); i++) {
      if (read.layers.get(i) <= read.layers.get(i - 1)) {
        s.problem("layers", "is %s. Set it to rising layer numbers.".formatted(read.layers));
        break;
      }
    }
    return read;
  }
}
