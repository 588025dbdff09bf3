package dmdx.api;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Scores the samples of a model, a batch at a time. */
public interface Metric extends AutoCloseable {

  /** Begins to look at the samples of one model. */
  Tally begin();

  @Override
  default void close() {}

  /**
   * What is known of one model's samples so far: features or numbers, never the samples themselves.
   */
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

    /**
     * What {@link #restore} needs to know as much, so that an interrupted run need not draw the
     * reference again; empty if this metric has no such thing.
     *
     * @param owner owns what is returned
     * @return float32 or int64 tensors by name
     */
    default Optional<Map<String, NDArray>> save(NDManager owner) {
      return Optional.empty();
    }

    /**
     * Makes a tally that has seen nothing yet one that has seen all that a saved one had. The
     * scores are the same to the last bit.
     *
     * @param saved what {@link #save} returned, valid during this call
     * @param prompts of all samples that the saved one had seen, in order
     * @throws UnsupportedOperationException if {@link #save} saves nothing
     */
    default void restore(Map<String, NDArray> saved, List<String> prompts) {
      throw new UnsupportedOperationException("this metric saves nothing");
    }
  }

  /**
   * One number, and the interval in which a share of 95 % of repetitions with other prompts would
   * put it.
   *
   * @param name what tables call it
   * @param low the interval's lower end; NaN where there is no interval
   * @param high its upper end; NaN where there is no interval
   */
  record Score(String name, double value, double low, double high, Format format) {

    /** A number without an interval. */
    public Score(String name, double value, Format format) {
      this(name, value, Double.NaN, Double.NaN, format);
    }

    /** Whether it has an interval. */
    public boolean hasInterval() {
      return !Double.isNaN(low) && !Double.isNaN(high);
    }
  }

  /** How a score is written. */
  enum Format {
    /** A share in [0, 1], written in percent. */
    SHARE,
    NUMBER,
    COUNT
  }
}
