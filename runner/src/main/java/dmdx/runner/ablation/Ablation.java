package dmdx.runner.ablation;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import com.typesafe.config.ConfigValue;
import com.typesafe.config.ConfigValueFactory;
import dmdx.api.CheckpointException;
import dmdx.api.settings.SettingsException;
import dmdx.nn.weights.SafetensorsFile;
import dmdx.runner.checkpoint.Folders;
import dmdx.runner.config.ConfigLoader;
import dmdx.runner.plugin.PluginException;
import dmdx.runner.plugin.PluginRegistry;
import dmdx.runner.report.RunFolder;
import dmdx.runner.stage.Fingerprints;
import dmdx.runner.stage.Pipeline;
import dmdx.runner.train.StopRequest;
import io.micrometer.core.instrument.MeterRegistry;
import java.io.IOException;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.CodeSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Every row of an ablation under every seed, one after another, all rows of a seed before the next
 * seed; several processes can each work on seeds of their own. What is finished is skipped and a
 * run that fails does not stop the others, so an ablation is resumed, and its failed runs are tried
 * again, by running it again.
 */
public final class Ablation {
  private static final Logger LOG = LoggerFactory.getLogger(Ablation.class);
  private static final String DONE = "done";

  private final AblationSettings settings;
  private final Path here;
  private final PluginRegistry plugins;
  private final MeterRegistry meters;
  private final Fingerprints fingerprints = new Fingerprints();

  /**
   * @param here folder that relative paths start from where a value comes from no file
   */
  public Ablation(
      AblationSettings settings, Path here, PluginRegistry plugins, MeterRegistry meters) {
    this.settings = settings;
    this.here = here;
    this.plugins = plugins;
    this.meters = meters;
  }

  /**
   * A row under a seed.
   *
   * @param config resolved configuration
   */
  public record Run(String row, int seed, Path folder, Config config) {}

  /**
   * How a run ended.
   *
   * @param scores {@code null} if it failed, or has not been run yet
   * @param failure why it failed; {@code null} if it did not
   */
  record Outcome(Run run, @Nullable RunScores scores, @Nullable String failure) {}

  /**
   * All runs, in the order they are run.
   *
   * @throws SettingsException if a configuration cannot be resolved
   */
  public List<Run> runs() {
    List<Run> runs = new ArrayList<>();
    for (int seed : settings.seeds()) {
      settings.rows().forEach((row, changes) -> runs.add(run(row, seed, changes)));
    }
    return runs;
  }

  private Run run(String row, int seed, Config changes) {
    String name = AblationSettings.folderName(row) + "-" + seed;
    Config own =
        ConfigFactory.empty()
            .withValue("name", value(name))
            .withValue("runs", value(settings.folder().toAbsolutePath().normalize().toString()))
            .withValue("seed", value(seed))
            .withFallback(changes);
    return new Run(
        row,
        seed,
        settings.folder().resolve(name),
        ConfigLoader.load(settings.base(), own, plugins::teacher));
  }

  private ConfigValue value(Object value) {
    return ConfigValueFactory.fromAnyRef(value, "ablation " + settings.name());
  }

  /** All seeds. See {@link #run(List)}. */
  public AblationReport run() {
    return run(settings.seeds());
  }

  /**
   * Runs what is not finished of some seeds and reports on all there is. Processes with different
   * seeds can work on one ablation at the same time.
   *
   * @param seeds of the ablation's seeds, those to run
   * @throws SettingsException with all problems of all rows, before anything is run
   * @throws CheckpointException if another process is at work on one of the seeds
   * @throws StopRequest.Stopped if the user stops it, after reporting on what there is
   */
  @SuppressWarnings("try") // the locks are only held
  public AblationReport run(List<Integer> seeds) {
    List<Run> runs = runs();
    List<Run> left = runs.stream().filter(r -> seeds.contains(r.seed()) && !isDone(r)).toList();
    check(left);
    Map<Path, Outcome> outcomes = new HashMap<>();
    try (SeedLocks locks = new SeedLocks(settings.folder(), seeds)) {
      String program = program();
      Set<Path> folders = new LinkedHashSet<>(runs.stream().map(Run::folder).toList());
      folders.addAll(SharedStages.runsUnder(settings.folder().resolveSibling("")));
      List<Path> others = List.copyOf(folders);
      for (Run run : left) {
        LOG.info("{}: run {} of {}", run.folder().getFileName(), outcomes.size() + 1, left.size());
        SharedStages shared =
            new SharedStages(run.folder(), run.config(), others, fingerprints, program);
        outcomes.put(run.folder(), execute(run, shared));
      }
    } catch (StopRequest.Stopped e) {
      report(runs, outcomes).write();
      throw e;
    }
    AblationReport report = report(runs, outcomes);
    report.write();
    return report;
  }

  /** On what was run now, and on what was finished before or by other processes. */
  private AblationReport report(List<Run> runs, Map<Path, Outcome> outcomes) {
    return new AblationReport(
        settings,
        runs.stream()
            .map(
                run -> {
                  Outcome outcome = outcomes.get(run.folder());
                  return outcome != null
                      ? outcome
                      : new Outcome(run, isDone(run) ? RunScores.read(run.folder()) : null, null);
                })
            .toList());
  }

  private Outcome execute(Run run, SharedStages shared) {
    try (Pipeline pipeline = new Pipeline(run.config(), here, plugins, meters)) {
      String fingerprint = fingerprints.ofRun(run.config());
      if (!shared.takesRun(fingerprint)) {
        shared.beginsRun(fingerprint);
        pipeline.run(shared);
        shared.endedRun();
      }
      RunScores scores = RunScores.read(run.folder());
      Folders.replace(run.folder().resolve(DONE), fingerprint.getBytes(StandardCharsets.UTF_8));
      return new Outcome(run, scores, null);
    } catch (StopRequest.Stopped e) {
      throw e;
    } catch (RuntimeException e) {
      String reason = e.getMessage() == null ? e.toString() : e.getMessage();
      LOG.error("{}: failed: {}", run.folder().getFileName(), reason);
      LOG.debug("{}", run.folder(), e);
      return new Outcome(run, null, reason);
    }
  }

  /** Whether a run was finished with the settings and files of now. */
  private boolean isDone(Run run) {
    try {
      Path done = run.folder().resolve(DONE);
      return Files.exists(done)
          && Files.exists(run.folder().resolve(RunFolder.EVALUATION))
          && Files.readString(done).equals(fingerprints.ofRun(run.config()));
    } catch (IOException e) {
      return false;
    }
  }

  /** Finds what is wrong with any row before the first is run. */
  void check(List<Run> runs) {
    Set<String> problems = new LinkedHashSet<>();
    Set<String> rows = new TreeSet<>();
    for (Run run : runs) {
      if (rows.add(run.row())) {
        try (Pipeline pipeline = new Pipeline(run.config(), here, plugins, meters)) {
          pipeline.outline();
          if (!run.config().getStringList("stages").contains("evaluate")) {
            problems.add(
                "row '%s': its stages are %s. Add 'evaluate'."
                    .formatted(run.row(), run.config().getStringList("stages")));
          }
        } catch (SettingsException e) {
          problems.addAll(e.problems());
        } catch (CheckpointException | PluginException | IllegalArgumentException e) {
          problems.add("row '%s': %s".formatted(run.row(), e.getMessage()));
        }
      }
    }
    if (!problems.isEmpty()) {
      throw new SettingsException(List.copyOf(problems));
    }
  }

  /** Hash over the code of the runner, of what plugins are built with and of all plugins. */
  private String program() {
    Set<String> places = new TreeSet<>();
    List<Class<?>> classes = new ArrayList<>();
    classes.add(Pipeline.class);
    classes.add(SafetensorsFile.class);
    classes.add(SettingsException.class);
    plugins.plugins().forEach(entry -> classes.add(entry.plugin().getClass()));
    for (Class<?> type : classes) {
      places.add(place(type));
    }
    return Folders.sha256(String.join("\n", places).getBytes(StandardCharsets.UTF_8));
  }

  private String place(Class<?> type) {
    CodeSource source = type.getProtectionDomain().getCodeSource();
    if (source == null || source.getLocation() == null) {
      return type.getModule().toString();
    }
    try {
      URI location = source.getLocation().toURI();
      return "file".equals(location.getScheme())
          ? fingerprints.ofFiles(Path.of(location))
          : location.toString();
    } catch (URISyntaxException e) {
      throw new IllegalStateException(e);
    }
  }
}
