package dmdx.runner.stage;

import ai.djl.Device;
import dmdx.nn.torch.GpuMemory;
import dmdx.runner.checkpoint.CheckpointStore;
import dmdx.runner.report.MetricsLog;
import dmdx.runner.report.Progress;
import dmdx.runner.report.RunFolder;
import dmdx.runner.train.DivergenceException;
import dmdx.runner.train.StopRequest;
import dmdx.runner.train.Trainer;
import dmdx.runner.train.TrainingPlan;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Runs a training plan with everything around it: resuming, checkpoints, metrics, grids. */
final class TrainingRun {
  private static final Logger LOG = LoggerFactory.getLogger(TrainingRun.class);
  private final RunContext run;
  private final TrainingPlan plan;
  private final TrainingSettings settings;
  private final Path folder;

  TrainingRun(RunContext run, TrainingPlan plan, TrainingSettings settings) {
    this.run = run;
    this.plan = plan;
    this.settings = settings;
    folder = run.folder(plan.stage());
  }

  /** Draws the pictures of a moment in training. */
  @FunctionalInterface
  interface Grid {
    /**
     * @param file where the picture goes
     * @param iterations iterations done
     */
    void draw(Path file, long iterations);
  }

  /**
   * @param monitor watches the student; {@code null} for none
   */
  void execute(Grid grid, @Nullable Monitor monitor) {
    Trial trial = run.trial();
    if (trial != null) {
      trial.train(plan, trainer());
      if (settings.sampleEvery() > 0) {
        grid.draw(folder.resolve(RunFolder.SAMPLES), 0);
      }
      MonitorSettings watched = run.settings().monitor();
      if (monitor != null && watched.every() > 0) {
        run.rehearseSampling(watched.batch(), watched.guidance());
      }
      return;
    }
    CheckpointStore checkpoints =
        new CheckpointStore(folder, plan.stage(), settings.checkpointsKept());
    long done = checkpoints.restoreNewest(plan.roles()).orElse(0L);
    if (done > 0) {
      LOG.info("{}: resuming at iteration {} of {}", plan.stage(), done, plan.iterations());
    }
    if (monitor != null) {
      monitor.prepare(plan.metrics());
    }
    try {
      train(grid, monitor, checkpoints, done);
      if (monitor != null) {
        monitor.finish();
      }
    } catch (DivergenceException e) {
      throw new DivergenceException(
          "%s. %s"
              .formatted(
                  e.getMessage(),
                  checkpoints
                      .newest()
                      .map(n -> "The checkpoint of iteration %d is kept.".formatted(n))
                      .orElse("There is no checkpoint yet.")));
    }
  }

  private void train(Grid grid, @Nullable Monitor monitor, CheckpointStore checkpoints, long done) {
    try (MetricsLog metrics =
            MetricsLog.open(folder.resolve(MetricsLog.FILE), plan.stage(), done, run.meters());
        Progress progress = Progress.start(plan.stage(), plan.iterations())) {
      progress.stepTo(done, Map.of());
      if (monitor != null) {
        monitor.resume();
      }
      LogWindow window = new LogWindow(System::nanoTime);
      trainer()
          .run(
              done,
              (iteration, values) -> {
                window.add(values);
                long finished = iteration + 1;
                boolean last = finished == plan.iterations();
                boolean stopping = StopRequest.isMade();
                boolean saves = finished % settings.checkpointEvery() == 0 || last || stopping;
                // whatever is due comes before the checkpoint: a resumed run begins after it
                if (monitor != null) {
                  window.aside(() -> window.addOthers(monitor.look(finished)));
                }
                if (settings.sampleEvery() > 0
                    && (finished % settings.sampleEvery() == 0 || last)) {
                  Path file = folder.resolve("samples/%08d.png".formatted(finished));
                  window.aside(() -> grid.draw(file, finished));
                }
                if (finished % settings.logEvery() == 0 || saves) {
                  Map<String, Double> means = window.means();
                  means.putAll(memory());
                  metrics.append(finished, means);
                  if (monitor != null) {
                    monitor.check(finished, means);
                  }
                  progress.stepTo(finished, headline(means));
                } else {
                  progress.stepTo(finished);
                }
                if (saves) {
                  checkpoints.save(finished, plan.roles());
                }
                if (stopping) {
                  StopRequest.check(
                      "stopped after iteration %d of %s. Run again to go on."
                          .formatted(finished, plan.stage()));
                }
              });
    }
  }

  private Trainer trainer() {
    return new Trainer(
        plan,
        run.settings().seed(),
        run.manager(),
        run.settings().memory().recomputesActivations());
  }

  /** The memory that is occupied, by metric. */
  private Map<String, Double> memory() {
    Map<String, Double> occupied = new LinkedHashMap<>();
    ResidentMemory.mebibytes().ifPresent(mib -> occupied.put("resident-mib", mib));
    Device device = run.settings().device();
    if (device.isGpu()) {
      GpuMemory.of(device).ifPresent(m -> occupied.put("gpu-mib", m.used() / (double) (1 << 20)));
    }
    return occupied;
  }

  /** Losses and margins, the values worth a place in the progress bar. */
  private static Map<String, Double> headline(Map<String, Double> means) {
    Map<String, Double> headline = new LinkedHashMap<>();
    means.forEach(
        (name, value) -> {
          if (name.startsWith("loss/") || name.startsWith("margin/")) {
            headline.put(name, value);
          }
        });
    return headline;
  }
}
