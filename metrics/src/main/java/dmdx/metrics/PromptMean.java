package dmdx.metrics;

import dmdx.api.Metric;
import dmdx.nn.weights.Noise;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.IntConsumer;
import java.util.function.Supplier;

/**
 * The mean of numbers that belong to prompts, and its interval: the percentile bootstrap of Efron
 * 1979 at 95 %. Samples of one prompt resemble one another, so whole prompts are drawn, as many as
 * there are, with replacement, a thousand times.
 */
final class PromptMean {
  private static final int RESAMPLES = 1000;
  private static final double TAIL = 0.025;

  private final List<Part> parts = new ArrayList<>();

  /** What one prompt adds. */
  private static final class Part {
    private final int prompt;
    private double sum;
    private long count;

    Part(int prompt) {
      this.prompt = prompt;
    }
  }

  /**
   * @param prompt its number, the last one's or a greater
   */
  void add(int prompt, double value) {
    if (parts.isEmpty() || parts.get(parts.size() - 1).prompt != prompt) {
      parts.add(new Part(prompt));
    }
    Part part = parts.get(parts.size() - 1);
    part.sum += value;
    part.count++;
  }

  boolean isEmpty() {
    return parts.isEmpty();
  }

  /** The mean, without an interval if there are fewer than two prompts. */
  Metric.Score score(String name, Metric.Format format) {
    double sum = 0;
    long count = 0;
    for (Part part : parts) {
      sum += part.sum;
      count += part.count;
    }
    double mean = sum / count;
    if (parts.size() < 2) {
      return new Metric.Score(name, mean, format);
    }
    Total total = new Total();
    double[] means = resampled(RESAMPLES, parts.size(), total::add, total::takeMean);
    Arrays.sort(means);
    int cut = (int) Math.round(TAIL * RESAMPLES);
    return new Metric.Score(name, mean, means[cut], means[RESAMPLES - 1 - cut], format);
  }

  /** Sums up drawn prompts. */
  private final class Total {
    private double sum;
    private long count;

    void add(int index) {
      sum += parts.get(index).sum;
      count += parts.get(index).count;
    }

    double takeMean() {
      double mean = sum / count;
      sum = 0;
      count = 0;
      return mean;
    }
  }

  /**
   * Draws as many of {@code prompts} as there are, with replacement, always the same ones.
   *
   * @param drawn told each draw
   * @param value asked for after all draws of a resample
   * @return a value per resample
   */
  static double[] resampled(int resamples, int prompts, IntConsumer drawn, Supplier<Double> value) {
    double[] values = new double[resamples];
    for (int r = 0; r < resamples; r++) {
      Noise draws = Noise.of("bootstrap", r);
      for (int i = 0; i < prompts; i++) {
        drawn.accept(draws.below(prompts));
      }
      values[r] = value.get();
    }
    return values;
  }
}
