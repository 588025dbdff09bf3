package dmdx.metrics;

import org.jspecify.annotations.Nullable;

/** Numbers the prompts of samples that come in order: copies that follow one another are one. */
final class Prompts {
  private @Nullable String last;
  private int number = -1;

  /** The number of the next sample's prompt, counted from 0. */
  int next(String prompt) {
    if (!prompt.equals(last)) {
      last = prompt;
      number++;
    }
    return number;
  }
}
