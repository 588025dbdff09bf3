package dmdx.runner.bench;

import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import dmdx.nn.torch.Scope;

/**
 * The time work takes when nothing disturbs it.
 *
 * @param machine its device does the work
 */
public record Stopwatch(NDManager machine) {
  private static final int RUNS = 5;
  private static final double ENOUGH_SECONDS = 1;

  /** Seconds of the fastest of several runs after one to warm up; each frees its tensors. */
  public double best(Runnable work) {
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
  public double once(Runnable work) {
    await();
    long start = System.nanoTime();
    try (Scope scope = new Scope()) {
      work.run();
    }
    await();
    return (System.nanoTime() - start) / 1e9;
  }

  /** Waits for the work begun so far: a GPU's operations return before they are done. */
  public void await() {
    if (machine.getDevice().isGpu()) {
      try (NDManager manager = machine.newSubManager()) {
        float unused = manager.zeros(new Shape(1)).toFloatArray()[0];
      }
    }
  }
}
