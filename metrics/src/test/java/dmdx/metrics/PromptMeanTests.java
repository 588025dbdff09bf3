package dmdx.metrics;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import dmdx.api.Metric;
import java.util.Random;
import org.junit.jupiter.api.Test;

class PromptMeanTests {

  /** Gaussian numbers, one per prompt and copy. */
  private static Metric.Score gaussian(int prompts, int copies) {
    Random random = new Random(5);
    PromptMean mean = new PromptMean();
    for (int prompt = 0; prompt < prompts; prompt++) {
      double x = random.nextGaussian();
      for (int copy = 0; copy < copies; copy++) {
        mean.add(prompt, x);
      }
    }
    return mean.score("x", Metric.Format.NUMBER);
  }

  @Test
  void the_interval_is_that_of_the_means_error() {
    Metric.Score score = gaussian(400, 1);
    double reach = 1.96 / Math.sqrt(400);
    assertEquals(reach, score.high() - score.value(), 0.15 * reach);
    assertEquals(reach, score.value() - score.low(), 0.15 * reach);
  }

  @Test
  void copies_of_a_prompts_samples_say_nothing_new() {
    Metric.Score alone = gaussian(50, 1);
    Metric.Score copied = gaussian(50, 8);
    assertEquals(alone.low(), copied.low(), 1e-12);
    assertEquals(alone.high(), copied.high(), 1e-12);
  }

  @Test
  void every_number_counts_the_same_however_many_its_prompt_has() {
    PromptMean mean = new PromptMean();
    mean.add(0, 1);
    mean.add(3, 0);
    mean.add(3, 0);
    mean.add(3, 0);
    assertEquals(0.25, mean.score("x", Metric.Format.SHARE).value());
  }

  @Test
  void one_prompt_has_no_interval_and_equal_numbers_one_without_width() {
    PromptMean mean = new PromptMean();
    mean.add(0, 2);
    mean.add(0, 2);
    assertFalse(mean.score("x", Metric.Format.NUMBER).hasInterval());
    mean.add(1, 2);
    assertEquals(
        new Metric.Score("x", 2, 2, 2, Metric.Format.NUMBER),
        mean.score("x", Metric.Format.NUMBER));
  }
}
