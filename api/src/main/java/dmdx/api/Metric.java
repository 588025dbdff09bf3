package dmdx.api;

import ai.djl.ndarray.NDArray;
import java.util.List;

/** Scores the samples of a model, a batch at a time. */
public interface Metric extends AutoCloseable {

  /** Begins to look at the samples of one model. */
  Tally begin();

  @Override
  default void close() {}

  /** What is known of one model's samples so far. */
  interface Tally {

    /**
     * Looks at samples. Autograd does not record; tensors made here are freed by the caller.
     *
     * @param decoded what the codec decoded, {@code [B, …]}: pixels nominally in [-1, 1], not
     *     clamped
     * @param prompts one per sample; the samples of one prompt follow one another
     */
    void add(NDArray decoded, List<String> prompts);

    /**
     * The scores of all samples seen.
     *
     * @param reference the same metric's tally of teacher samples from other noise
     */
    List<Score> scores(Tally reference);
  }

  /**
   * One number.
   *
   * @param name what tables call it
   */
  record Score(String name, double value, Format format) {}

  /** How a score is written. */
  enum Format {
    /** A share in [0, 1], written in percent. */
    SHARE,
    NUMBER,
    COUNT
  }
}
