package dmdx.runner.cli;

import dmdx.runner.plugin.PluginRegistry;
import dmdx.runner.report.MetricsEndpoint;
import dmdx.runner.stage.Pipeline;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.util.concurrent.Callable;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** {@code dmdx run}. */
@Command(
    name = "run",
    description =
        "Runs the stages of a configuration. What is finished is skipped and what was interrupted"
            + " goes on, so running again resumes.")
final class RunCommand implements Callable<Integer> {
  private final Supplier<PluginRegistry> plugins;
  private final Supplier<PrometheusMeterRegistry> meters;
  @Mixin private final RunOptions options = new RunOptions();
  @Spec private CommandSpec spec;

  @SuppressWarnings("NullAway.Init") // picocli sets the specification
  RunCommand(Supplier<PluginRegistry> plugins, Supplier<PrometheusMeterRegistry> meters) {
    this.plugins = plugins;
    this.meters = meters;
  }

  @Override
  public Integer call() {
    PrometheusMeterRegistry registry = meters.get();
    try (Pipeline pipeline =
            new Pipeline(
                options.config(plugins.get()), RunOptions.base(), plugins.get(), registry);
        MetricsEndpoint endpoint = endpoint(registry, pipeline.prometheusPort())) {
      pipeline.run();
      spec.commandLine().getOut().println(pipeline.folder());
    }
    return Main.OK;
  }

  @SuppressWarnings("NullAway") // an absent resource is not closed
  private static @Nullable MetricsEndpoint endpoint(PrometheusMeterRegistry registry, int port) {
    return port == 0 ? null : MetricsEndpoint.start(registry, port);
  }
}
