package dmdx.runner.stage;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import dmdx.api.Metric;
import dmdx.nn.torch.Autograd;
import dmdx.nn.torch.Scope;
import java.util.List;
import java.util.Map;
import java.util.function.LongConsumer;

/** Draws samples of models, a batch at a time, and shows every metric the same ones. */
final class SampleDraw {
  /** Does nothing with samples. */
  static final Sink NOTHING = (decoded, prompts, from) -> {};

  private final RunContext run;
  private final List<String> requests;
  private final int batch;
  private final LongConsumer progress;
  private long drawn;

  /** Sees samples beside the metrics. */
  @FunctionalInterface
  interface Sink {
    /**
     * @param from number of the first sample
     */
    void take(NDArray decoded, List<String> prompts, int from);
  }

  /**
   * @param requests a prompt per sample
   * @param batch samples made together
   * @param progress is told how many samples have been drawn in all, after every batch
   */
  SampleDraw(RunContext run, List<String> requests, int batch, LongConsumer progress) {
    this.run = run;
    this.requests = requests;
    this.batch = batch;
    this.progress = progress;
  }

  /** Draws every request once; sample i's noise is a function of (stream, i). */
  void draw(
      Candidates.Generator generator, String stream, Map<String, Metric.Tally> tallies, Sink sink) {
    for (int from = 0; from < requests.size(); from += batch) {
      int to = Math.min(requests.size(), from + batch);
      List<String> prompts = requests.subList(from, to);
      try (Scope scope = new Scope();
          NDManager manager = run.manager().newSubManager();
          Autograd.Mode paused = Autograd.paused()) {
        NDList noise = new NDList();
        for (int i = from; i < to; i++) {
          noise.add(run.noise(stream, i).gaussian(manager, run.latentShape(1)));
        }
        NDArray latents = generator.generate(NDArrays.concat(noise, 0), prompts, manager);
        NDArray decoded = run.decode(latents, manager);
        for (Metric.Tally tally : tallies.values()) {
          try (Scope inner = new Scope()) {
            tally.add(decoded, prompts);
          }
        }
        sink.take(decoded, prompts, from);
      }
      drawn += to - from;
      progress.accept(drawn);
    }
  }
}
