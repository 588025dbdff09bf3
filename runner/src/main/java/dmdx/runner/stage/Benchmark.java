package dmdx.runner.stage;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dmdx.api.Conditioning;
import dmdx.api.Diffusion;
import dmdx.api.network.Weights;
import dmdx.nn.dryrun.DryRun;
import dmdx.nn.dryrun.Operation;
import dmdx.nn.torch.Autograd;
import dmdx.nn.weights.ForwardPass;
import dmdx.nn.weights.MapWeights;
import dmdx.nn.weights.Tape;
import dmdx.runner.bench.Kernels;
import dmdx.runner.bench.Stopwatch;
import dmdx.runner.train.Trainer;
import dmdx.runner.train.TrainingPlan;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Times a run's denoiser and the updates of its ADM stage, and the operations they consist of. */
public final class Benchmark implements AutoCloseable {
  private final RunContext context;
  private final Kernels kernels;
  private final PeakMemory memory;

  Benchmark(RunContext context) {
    this.context = context;
    kernels = new Kernels(context.settings().device());
    memory = new PeakMemory(context.settings().device());
  }

  /**
   * What was measured of one piece of work.
   *
   * @param name what it is
   * @param seconds the time it takes
   * @param kernelSeconds the time its operations take, each alone
   * @param flops floating-point operations of its products
   * @param peakBytes the most memory of the device in use: on the CPU resident memory of the whole
   *     process, on a GPU that of all processes; -1 if unknown
   * @param kernels seconds by kind of operation
   */
  public record Result(
      String name,
      double seconds,
      double kernelSeconds,
      long flops,
      long peakBytes,
      Map<String, Double> kernels) {

    /** One after the other. */
    static Result sum(String name, List<Result> parts) {
      Map<String, Double> kernels = new LinkedHashMap<>();
      parts.forEach(part -> part.kernels.forEach((kind, s) -> kernels.merge(kind, s, Double::sum)));
      return new Result(
          name,
          parts.stream().mapToDouble(Result::seconds).sum(),
          parts.stream().mapToDouble(Result::kernelSeconds).sum(),
          parts.stream().mapToLong(Result::flops).sum(),
          parts.stream().mapToLong(Result::peakBytes).max().orElse(-1),
          kernels);
    }
  }

  /** Of the denoiser. */
  private enum Evaluation {
    FORWARD("forward"),
    BACKWARD("forward + backward"),
    RECOMPUTED("forward + backward, recomputed");

    private final String title;

    Evaluation(String title) {
      this.title = title;
    }
  }

  List<Result> run() {
    List<Result> results = new ArrayList<>();
    try (Autograd.Mode off = Autograd.paused()) {
      for (Evaluation evaluation : Evaluation.values()) {
        results.add(network(evaluation));
      }
      if (context.settings().stages().contains(AdmStage.NAME)) {
        List<Result> updates = updates();
        results.addAll(updates);
        results.add(Result.sum("iteration with every update", updates));
      }
    }
    return results;
  }

  private Result network(Evaluation evaluation) {
    List<Operation> operations;
    try (DryRun dry = new DryRun(context.settings().device());
        RunContext rehearsal = context.rehearsal(dry)) {
      Runnable work = work(evaluation, rehearsal);
      dry.clearOperations();
      work.run();
      operations = dry.operations();
    }
    try (RunContext trial = context.trial(Trial::busiest)) {
      Runnable work = work(evaluation, trial);
      memory.reset();
      double seconds = new Stopwatch(trial.manager()).best(work);
      return result(evaluation.title, seconds, memory.bytes(), operations);
    }
  }

  private Result result(String name, double seconds, long peak, List<Operation> operations) {
    Kernels.Sum sum = kernels.sum(operations);
    return new Result(name, seconds, sum.seconds(), sum.flops(), peak, sum.byName());
  }

  /** One evaluation of the denoiser on a micro-batch; all weights collect gradients or none. */
  private static Runnable work(Evaluation evaluation, RunContext run) {
    NDManager manager = run.manager();
    int rows = run.settings().adm() == null ? 1 : run.settings().adm().training().microBatch();
    List<String> prompts = PromptSet.repeated(run.prompts().first(1), rows);
    Conditioning conditioning = run.condition(prompts, manager);
    NDArray x = run.noise("bench").gaussian(manager, run.latentShape(rows));
    double[] t = Diffusion.filled(x, run.teacher().studentTimesteps(1)[0]);
    ScoreModel score = ScoreModel.of(run.teacher());
    Weights frozen = run.teacherWeights();
    return () -> {
      if (evaluation == Evaluation.FORWARD) {
        score.output(ForwardPass.of(frozen, manager), x, t, conditioning);
        return;
      }
      Map<String, NDArray> leaves = new LinkedHashMap<>();
      frozen.names().forEach(name -> leaves.put(name, Autograd.leaf(frozen.get(name))));
      Weights weights = new MapWeights("benchmark", leaves);
      try (Autograd.Mode recording = Autograd.recording();
          Tape tape = evaluation == Evaluation.RECOMPUTED ? Tape.open(manager) : null) {
        NDArray y = score.output(ForwardPass.of(weights, manager), x, t, conditioning);
        Tape.backward(y.square().mean());
      }
    };
  }

  private List<Result> updates() {
    Map<String, List<Operation>> operations = new LinkedHashMap<>();
    try (DryRun dry = new DryRun(context.settings().device());
        RunContext rehearsal = context.rehearsal(dry)) {
      try (RunContext recorded =
          rehearsal.trial(
              (plan, trainer) ->
                  each(
                      plan,
                      trainer,
                      (update, work) -> {
                        dry.clearOperations();
                        work.run();
                        operations.put(update.name(), dry.operations());
                      }))) {
        new AdmStage(recorded).rehearse();
      }
    }
    Stopwatch clock = new Stopwatch(context.manager());
    Map<String, Double> seconds = new LinkedHashMap<>();
    Map<String, Long> peaks = new LinkedHashMap<>();
    try (RunContext timed =
        context.trial(
            (plan, trainer) -> {
              for (int repeat = 0; repeat < 3; repeat++) {
                boolean first = repeat == 0; // warms up, and shows the memory it takes
                each(
                    plan,
                    trainer,
                    (update, work) -> {
                      if (first) {
                        memory.reset();
                      }
                      clock.await();
                      long start = System.nanoTime();
                      work.run();
                      clock.await();
                      double taken = (System.nanoTime() - start) / 1e9;
                      if (first) {
                        peaks.put(update.name(), memory.bytes());
                      } else {
                        seconds.merge(update.name(), taken, Math::min);
                      }
                    });
              }
            })) {
      new AdmStage(timed).rehearse();
    }
    List<Result> results = new ArrayList<>();
    operations.forEach(
        (update, list) ->
            results.add(
                result(
                    "update of " + update,
                    seconds.getOrDefault(update, Double.NaN),
                    peaks.getOrDefault(update, -1L),
                    list)));
    return results;
  }

  /** Every update in the iteration in which most are due. */
  private static void each(TrainingPlan plan, Trainer trainer, Trainer.Around around) {
    trainer.iterate(plan.busiest().last(), around);
  }

  @Override
  public void close() {
    kernels.close();
  }
}
