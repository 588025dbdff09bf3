package dmdx.api;

import ai.djl.ndarray.NDArray;
import dmdx.api.settings.Settings;
import java.util.List;

/**
 * A GAN objective over logits, per head one map {@code [B, 1, …]} or one value a row {@code [B,
 * 1]}. A larger logit means more likely real. A value is averaged over the positions of a map, then
 * over maps.
 */
public interface AdversarialLoss extends Plugin {

  @Override
  default String kind() {
    return "adversarial";
  }

  /**
   * This objective with settings of its own, from the section of its name beside {@code
   * adversarial}.
   *
   * @param settings every key must be read
   */
  default AdversarialLoss with(Settings settings) {
    settings.finish();
    return this;
  }

  /** What the generator minimises, given the logits of its own samples. Returns a scalar. */
  NDArray generator(List<NDArray> fake);

  /** What the discriminator minimises. Returns a scalar. */
  NDArray discriminator(List<NDArray> real, List<NDArray> fake);
}
