package dmdx.runner.stage;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.LongSupplier;

/** Means since the last logged line, and the seconds that an iteration took. */
final class LogWindow {
  private final LongSupplier nanos;
  private final Map<String, double[]> sums = new LinkedHashMap<>();
  private long start;
  private long aside;
  private int iterations;

  /**
   * @param nanos the clock
   */
  LogWindow(LongSupplier nanos) {
    this.nanos = nanos;
    start = nanos.getAsLong();
  }

  /** An iteration's values. */
  void add(Map<String, Double> values) {
    iterations++;
    addOthers(values);
  }

  /** Values that belong to the iteration added last. */
  void addOthers(Map<String, Double> values) {
    values.forEach(
        (name, value) -> {
          double[] sum = sums.computeIfAbsent(name, k -> new double[2]);
          sum[0] += value;
          sum[1]++;
        });
  }

  /** Does what is no part of an iteration's time. */
  void aside(Runnable work) {
    long from = nanos.getAsLong();
    work.run();
    aside += nanos.getAsLong() - from;
  }

  /** The means of all values, with {@code seconds}; the next window begins. */
  Map<String, Double> means() {
    Map<String, Double> means = new LinkedHashMap<>();
    sums.forEach((name, sum) -> means.put(name, sum[0] / sum[1]));
    long now = nanos.getAsLong();
    means.put("seconds", (now - start - aside) / 1e9 / iterations);
    sums.clear();
    iterations = 0;
    aside = 0;
    start = now;
    return means;
  }
}
