package dmdx.runner.cli;

import com.typesafe.config.Config;
import dmdx.runner.plugin.PluginRegistry;
import dmdx.runner.report.MetricsEndpoint;
import dmdx.runner.stage.FittedSettings;
import dmdx.runner.stage.FreeSpace;
import dmdx.runner.stage.Pipeline;
import dmdx.runner.stage.StageMemory;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code dmdx run}. */
@Command(
    name = "run",
    description =
        "Runs the stages of a configuration. What is finished is skipped and what was interrupted"
            + " goes on, so running again resumes.")
final class RunCommand implements Callable<Integer> {
  private static final Logger LOG = LoggerFactory.getLogger(RunCommand.class);
  private final Supplier<PluginRegistry> plugins;
  private final Supplier<PrometheusMeterRegistry> meters;
  private final Function<Pipeline, FreeSpace> space;
  @Mixin private final RunOptions options = new RunOptions();

  @Option(
      names = "--auto-fit",
      description =
          "Changes the settings that cost least so that the run fits into this machine's memory:"
              + " micro-batch, recomputation, precision, offload, adapters.")
  private boolean autoFit;

  @Option(
      names = "--no-memory-check",
      description =
          "Runs without looking first whether the run fits into this machine's memory and disk.")
  private boolean unchecked;

  @Spec private CommandSpec spec;

  @SuppressWarnings("NullAway.Init") // picocli sets the specification
  RunCommand(
      Supplier<PluginRegistry> plugins,
      Supplier<PrometheusMeterRegistry> meters,
      Function<Pipeline, FreeSpace> space) {
    this.plugins = plugins;
    this.space = space;
    this.meters = meters;
  }

  @Override
  public Integer call() {
    PrometheusMeterRegistry registry = meters.get();
    if (autoFit && unchecked) {
      throw new ParameterException(
          spec.commandLine(), "--auto-fit and --no-memory-check: give one of the two");
    }
    Config config = options.config(plugins.get());
    FittedSettings fitted = FittedSettings.of(config, RunOptions.base());
    List<String> changes = unchecked ? List.of() : changes(config, fitted);
    try (Pipeline pipeline =
            new Pipeline(
                FittedSettings.with(config, changes), RunOptions.base(), plugins.get(), registry);
        MetricsEndpoint endpoint = endpoint(registry, pipeline.prometheusPort())) {
      pipeline.run(fitted.and(config, changes));
      spec.commandLine().getOut().println(pipeline.folder());
    }
    return Main.OK;
  }

  /** What makes a configuration fit into memory if that was asked for; nothing if it fits. */
  private List<String> changes(Config config, FittedSettings fitted) {
    MemoryFit fit = MemoryFit.search(config, freeSpace(config), this::needs, fitted::mayChange);
    if (fit.changes().isEmpty() && fit.fits()) {
      return List.of();
    }
    if (!autoFit || !fit.fits()) {
      throw fit.refusal(options.file().toString());
    }
    fit.changes().forEach(change -> LOG.warn("{}: set so that the run fits into memory", change));
    return fit.changes();
  }

  private FreeSpace freeSpace(Config config) {
    try (Pipeline pipeline = pipeline(config)) {
      return space.apply(pipeline);
    }
  }

  /** Of the stages that are left; without their memory if that cannot be told. */
  private List<StageMemory> needs(Config config) {
    try (Pipeline pipeline = pipeline(config)) {
      try {
        return pipeline.memoryLeft();
      } catch (UnsupportedOperationException e) {
        LOG.info("the memory this run needs cannot be told: {}", e.getMessage());
        return pipeline.filesLeft();
      }
    }
  }

  private Pipeline pipeline(Config config) {
    return new Pipeline(config, RunOptions.base(), plugins.get(), new SimpleMeterRegistry());
  }

  @SuppressWarnings("NullAway") // an absent resource is not closed
  private static @Nullable MetricsEndpoint endpoint(PrometheusMeterRegistry registry, int port) {
    return port == 0 ? null : MetricsEndpoint.start(registry, port);
  }
}
