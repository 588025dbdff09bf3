package dmdx.examples.fashion;

/** Prints the mean loss since the last line every ten seconds. */
final class Progress {
  private static final double SECONDS = 10;

  private final int batch;
  private final long start = System.nanoTime();
  private long last = start;
  private int iteration;
  private int count;
  private double sum;

  Progress(int batch) {
    this.batch = batch;
  }

  void add(int iteration, double loss) {
    this.iteration = iteration;
    sum += loss;
    count++;
    if ((System.nanoTime() - last) / 1e9 >= SECONDS) {
      report();
    }
  }

  void report() {
    if (count == 0) {
      return;
    }
    long now = System.nanoTime();
    System.out.printf(
        "%5.0f s  iteration %5d  loss %.4f  %4.0f pictures/s%n",
        (now - start) / 1e9, iteration, sum / count, count * batch / ((now - last) / 1e9));
    last = now;
    count = 0;
    sum = 0;
  }
}
