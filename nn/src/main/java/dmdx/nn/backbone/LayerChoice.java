package dmdx.nn.backbone;

import dmdx.api.settings.Settings;
import java.nio.file.Path;
import java.util.List;

/**
 * The layers whose outputs are the features.
 *
 * @param numbers counted from 1, rising
 */
public record LayerChoice(List<Integer> numbers) {
  private static final String KEY = "layers";

  /** Reads the setting {@code layers}. */
  public static LayerChoice from(Settings s) {
    List<Integer> numbers = s.integers(KEY, 1, 1024);
    for (int i = 1; i < numbers.size(); i++) {
      if (numbers.get(i) <= numbers.get(i - 1)) {
        s.problem(KEY, "is %s. Set it to rising layer numbers.".formatted(numbers));
        break;
      }
    }
    return new LayerChoice(numbers);
  }

  /** Notes in {@code s} if the encoder that {@code config} describes is not that deep. */
  public void check(Settings s, LayeredEncoder encoder, Path config) {
    if (deepest() > encoder.dimensions().depth()) {
      s.problem(
          KEY,
          "is %s, but %s has %d layers. Set it to layers from 1 to %3$d."
              .formatted(numbers, config, encoder.dimensions().depth()));
    }
  }

  int deepest() {
    return numbers.get(numbers.size() - 1);
  }
}
