package dmdx.examples.fashion;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dmdx.api.network.Pass;
import dmdx.nn.data.ImageFolder;
import dmdx.nn.optim.AdamW;
import dmdx.nn.optim.Fit;
import dmdx.nn.torch.Scope;
import dmdx.nn.weights.ForwardPass;
import dmdx.nn.weights.Noise;
import dmdx.nn.weights.TrainableWeights;
import java.util.Arrays;
import java.util.stream.IntStream;

/**
 * Minimises an objective over the rows of an image folder: AdamW with a short warm-up, cosine decay
 * and gradients clipped to norm 1.
 */
final class Training {
  private static final double WARM_UP = 0.02;
  private static final int EVALUATION_BATCH = 100;

  private Training() {}

  /** What is minimised. */
  @FunctionalInterface
  interface Objective {
    /**
     * @return the loss of one batch, a scalar
     */
    NDArray loss(Step step);
  }

  /** What is measured after training. */
  @FunctionalInterface
  interface Measurement {
    void take(Step step);
  }

  /**
   * One batch.
   *
   * @param rows its rows in the image folder
   * @param pass supplies the weights
   * @param noise the batch's own source of random numbers
   */
  record Step(int[] rows, Pass pass, Noise noise) {}

  /** Trains until the iterations are done or the time is up. */
  static void run(
      TrainingOptions options, TrainableWeights weights, ImageFolder images, Objective objective) {
    AdamW.Settings settings = new AdamW.Settings(options.rate(), 0.9, 0.98, 1e-8, 0.01);
    System.out.printf("%,d parameters, %d pictures%n", weights.flat().size(), images.size());
    long start = System.nanoTime();
    try (Fit fit = new Fit(weights, settings)) {
      Progress progress = new Progress(options.batch());
      int[] order = new int[0];
      int next = 0;
      for (int i = 0; i < options.iterations(); i++) {
        double seconds = (System.nanoTime() - start) / 1e9;
        double done = Math.max(i / (double) options.iterations(), seconds / options.seconds());
        if (done >= 1) {
          break;
        }
        if (next + options.batch() > order.length) {
          order = Prepare.shuffled(images.size(), Noise.of(options.seed(), "order", i));
          next = 0;
        }
        int[] rows = Arrays.copyOfRange(order, next, next + options.batch());
        next += options.batch();
        double rate =
            Math.min(1, (i + 1) / (WARM_UP * options.iterations()))
                * 0.5
                * (1 + Math.cos(Math.PI * done));
        Noise noise = Noise.of(options.seed(), "step", i);
        progress.add(i + 1, fit.step(rate, pass -> objective.loss(new Step(rows, pass, noise))));
      }
      progress.report();
    }
  }

  /** Shows every row once, in order, without gradients. */
  @SuppressWarnings("try") // the scope is only held
  static void measure(
      TrainableWeights weights, ImageFolder images, long seed, Measurement measurement) {
    for (int from = 0; from < images.size(); from += EVALUATION_BATCH) {
      int to = Math.min(images.size(), from + EVALUATION_BATCH);
      try (Scope scope = new Scope();
          NDManager manager = weights.flat().getManager().newSubManager()) {
        int[] rows = IntStream.range(from, to).toArray();
        Noise noise = Noise.of(seed, "measure", from);
        measurement.take(new Step(rows, ForwardPass.of(weights, manager), noise));
      }
    }
  }
}
