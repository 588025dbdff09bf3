package dmdx.runner.bench;

import dmdx.nn.torch.Scope;

/** The time work takes when nothing disturbs it. */
public final class Stopwatch {
  private static final int RUNS = 5;
  private static final double ENOUGH_SECONDS = 1;

  private Stopwatch() {}

  /** Seconds of the fastest of several runs after one to warm up; each frees its tensors. */
  public static double best(Runnable work) {
    once(work);
    double best = Double.POSITIVE_INFINITY;
    double spent = 0;
    for (int run = 0; run < RUNS && (run < 2 || spent < ENOUGH_SECONDS); run++) {
      double seconds = once(work);
      best = Math.min(best, seconds);
      spent += seconds;
    }
    return best;
  }

  /** Seconds of one run. */
  public static double once(Runnable work) {
    long start = System.nanoTime();
    try (Scope scope = new Scope()) {
      work.run();
    }
    return (System.nanoTime() - start) / 1e9;
  }
}
