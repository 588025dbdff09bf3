package dmdx.runner.stage;

import ai.djl.ndarray.NDManager;
import com.typesafe.config.Config;
import com.typesafe.config.ConfigRenderOptions;
import dmdx.api.CheckpointException;
import dmdx.api.Precision;
import dmdx.api.network.Weights;
import dmdx.api.settings.Names;
import dmdx.api.settings.SettingsException;
import dmdx.nn.dryrun.DryRun;
import dmdx.nn.torch.Autograd;
import dmdx.runner.bench.PeakRates;
import dmdx.runner.checkpoint.Folders;
import dmdx.runner.plugin.PluginRegistry;
import dmdx.runner.report.RunFolder;
import dmdx.runner.report.RunReport;
import io.micrometer.core.instrument.MeterRegistry;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The stages of one run, chained. What is finished is skipped, what was interrupted goes on, so a
 * run is resumed by running it again.
 */
public final class Pipeline implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Pipeline.class);

  private final RunSettings settings;
  private final RunContext context;

  /**
   * Checks a whole configuration and opens its teacher; no weight is loaded.
   *
   * @param config resolved configuration
   * @param base folder that relative paths start from where a value comes from no file
   * @throws SettingsException with all problems of the configuration
   */
  public Pipeline(Config config, Path base, PluginRegistry plugins, MeterRegistry meters) {
    try {
      settings = RunSettings.from(config, base, plugins);
      context = new RunContext(settings, plugins, meters);
    } catch (RuntimeException e) {
      throw plugins.blamed("opening the run", e);
    }
  }

  private Pipeline(RunSettings settings, RunContext context) {
    this.settings = settings;
    this.context = context;
  }

  /** A run whose teacher has random weights: it only serves to find something out. */
  public static Pipeline untrained(
      Config config, Path base, PluginRegistry plugins, MeterRegistry meters) {
    RunSettings settings = RunSettings.from(config, base, plugins);
    return new Pipeline(settings, new RunContext(settings, plugins, meters, true));
  }

  /** What networks compute in. */
  public Precision precision() {
    return settings.precision();
  }

  /** The highest rates of products on this run's device. */
  public PeakRates peakRates() {
    Devices.require(settings.device());
    return PeakRates.measure(settings.device());
  }

  /** Times the denoiser and the updates of the ADM stage, if that is to be run. */
  public List<Benchmark.Result> benchmark() {
    Devices.require(settings.device());
    try (Benchmark benchmark = new Benchmark(context)) {
      return benchmark.run();
    }
  }

  /** The run's folder. */
  public Path folder() {
    return settings.folder();
  }

  /** Port of the Prometheus endpoint on loopback, 0 for none. */
  public int prometheusPort() {
    return settings.prometheusPort();
  }

  /** What every stage will use and do. */
  public List<StageOutline> outline() {
    return stages(context).stream().map(this::outline).toList();
  }

  private StageOutline outline(Stage stage) {
    try {
      return stage.outline();
    } catch (RuntimeException e) {
      throw context.plugins().blamed("stage " + stage.name(), e);
    }
  }

  /**
   * The memory every stage is predicted to need, found by running it on arrays without elements.
   *
   * @throws UnsupportedOperationException if a plugin computes what only real arrays can
   */
  public List<StageMemory> memory() {
    return memory(stage -> true);
  }

  /**
   * As {@link #memory}, of the stages that are not done yet.
   *
   * @throws UnsupportedOperationException if a plugin computes what only real arrays can
   */
  public List<StageMemory> memoryLeft() {
    return memory(stage -> !stage.isDone(context));
  }

  /** As {@link #memoryLeft}, of the files alone, which are always known. */
  public List<StageMemory> filesLeft() {
    return stagesLeft().stream()
        .map(stage -> StageMemory.of(stage.name(), outline(stage).files()))
        .toList();
  }

  private List<Stage> stagesLeft() {
    return stages(context).stream().filter(stage -> !stage.isDone(context)).toList();
  }

  /** What this machine has room for now; what will be replaced counts as room. */
  public FreeSpace freeSpace() {
    List<Stage> left = stagesLeft();
    long begun =
        left.stream()
            .mapToLong(stage -> Folders.size(settings.folder().resolve(stage.name())))
            .sum();
    if (left.stream().anyMatch(stage -> RunSettings.TRAINING.contains(stage.name()))) {
      begun += Folders.size(settings.folder().resolve(RunContext.EXPORT));
    }
    return FreeSpace.of(
        settings.device(), FreeDisk.of(settings.scratch(), settings.folder(), begun));
  }

  private List<StageMemory> memory(Predicate<Stage> of) {
    List<StageOutline> unused = outline(); // finds what is wrong with settings
    try (DryRun dry = new DryRun(settings.device());
        RunContext rehearsal = context.rehearsal(dry)) {
      return Rehearsal.of(stages(rehearsal).stream().filter(of).toList(), dry);
    } catch (ClassCastException | IllegalArgumentException e) {
      throw new UnsupportedOperationException(e.getMessage(), e);
    } catch (UnsupportedOperationException e) {
      throw e;
    } catch (RuntimeException e) {
      throw context.plugins().blamed("rehearsing the stages", e);
    }
  }

  /** Runs all stages in order, after all of them have checked what they need. */
  public void run() {
    run(StageWatch.NONE);
  }

  /** As {@link #run()}, telling {@code watch} of every stage. */
  public void run(StageWatch watch) {
    Devices.require(settings.device());
    List<StageOutline> outline = outline();
    claimFolder();
    RunJournal journal = RunJournal.begin(settings.folder(), outline);
    Timings timings = Timings.in(settings.folder());
    for (Stage stage : stages(context)) {
      watch.begins(stage.name());
      long start = System.nanoTime();
      boolean finished = false;
      journal.begin(stage.name());
      try (Autograd.Mode off = Autograd.paused()) {
        stage.run();
        finished = true;
        journal.done(stage.name());
      } catch (RuntimeException e) {
        RuntimeException told = context.plugins().blamed("stage " + stage.name(), e);
        journal.stopped(stage.name(), String.valueOf(told.getMessage()));
        throw told;
      } finally {
        timings.add(stage.name(), (System.nanoTime() - start) / 1e9, finished);
        report();
      }
      watch.ended(stage.name());
      LOG.info(
          "{}: done in {}",
          stage.name(),
          String.format(Locale.ROOT, "%.1f s", (System.nanoTime() - start) / 1e9));
    }
  }

  /** A report that cannot be written is no reason to lose a run. */
  private void report() {
    try {
      RunReport.write(settings.folder());
    } catch (RuntimeException e) {
      LOG.warn("no report: {}", e.toString());
    }
  }

  /**
   * Writes a stage's student: a complete pipeline, or adapters if it is such.
   *
   * @param target a folder that is empty or does not exist
   * @param stage {@code adp} or {@code adm}; {@code null} for the last one finished
   * @param merge whether adapters are added to the teacher's weights, which gives a pipeline
   * @param precision {@code null} for the configuration's
   * @throws CheckpointException if the stage has left no student
   * @throws SettingsException if the target holds files
   */
  public void export(
      Path target, @Nullable String stage, boolean merge, @Nullable Precision precision) {
    Path student = student(stage);
    String[] present = target.toFile().list();
    if (present != null && present.length > 0) {
      throw new SettingsException(
          List.of(
              "%s: holds other files, such as %s. Give a folder that is empty or does not exist."
                  .formatted(target, present[0])));
    }
    try (NDManager owner = context.manager().newSubManager()) {
      StudentModel model = StudentModel.of(context.teacher(), StudentFiles.sampling(student));
      Weights trained = StudentFiles.trained(student, context.studentTuning(), owner);
      context.export(target, model, trained, merge, precision);
    }
  }

  private Path student(@Nullable String stage) {
    List<String> candidates =
        stage == null ? List.of(AdmStage.NAME, AdpStage.NAME) : List.of(stage);
    return candidates.stream()
        .map(name -> context.folder(name).resolve(RunContext.STUDENT))
        .filter(StudentFiles::exists)
        .findFirst()
        .orElseThrow(
            () ->
                new CheckpointException(
                    "%s: there is no finished student of %s. Run the configuration first, or name another stage."
                        .formatted(settings.folder(), String.join(" or ", candidates))));
  }

  /** Writes the configuration into the run's folder, or checks that it is the one there. */
  private void claimFolder() {
    Path file = settings.folder().resolve(RunFolder.CONFIG);
    String mine =
        settings.resolved().root().render(ConfigRenderOptions.concise().setFormatted(true));
    try {
      Files.createDirectories(settings.folder());
      if (Files.exists(file)) {
        List<String> changed = ConfigChanges.between(file, settings.resolved());
        if (!changed.isEmpty()) {
          throw new SettingsException(
              List.of(
                  "%s: this run was begun with other settings: %s. Give the run another 'name', or delete its folder to start again."
                      .formatted(file, Names.list(changed))));
        }
      } else {
        Folders.replace(file, mine.getBytes(StandardCharsets.UTF_8));
      }
    } catch (IOException e) {
      throw new UncheckedIOException("%s: cannot be written".formatted(settings.folder()), e);
    }
  }

  private List<Stage> stages(RunContext context) {
    List<Stage> stages = new ArrayList<>();
    for (String name : settings.stages()) {
      stages.add(
          switch (name) {
            case PretrainStage.NAME -> new PretrainStage(context);
            case CollectStage.NAME -> new CollectStage(context);
            case AdpStage.NAME -> new AdpStage(context);
            case AdmStage.NAME -> new AdmStage(context);
            case SampleStage.NAME -> new SampleStage(context);
            case EvaluateStage.NAME -> new EvaluateStage(context);
            default -> throw new IllegalStateException("no stage '" + name + "'");
          });
    }
    return stages;
  }

  @Override
  public void close() {
    context.close();
  }
}
