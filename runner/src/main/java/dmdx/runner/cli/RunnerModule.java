package dmdx.runner.cli;

import com.google.inject.AbstractModule;
import com.google.inject.Provider;
import com.google.inject.Provides;
import com.google.inject.Singleton;
import dmdx.runner.plugin.PluginRegistry;
import dmdx.runner.stage.Pipeline;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.util.List;

/** The composition root: which objects the commands are made of. */
final class RunnerModule extends AbstractModule {

  /** The subcommands; a new one is added here. */
  @Provides
  Commands commands(
      GlobalOptions options,
      Provider<PluginRegistry> plugins,
      Provider<PrometheusMeterRegistry> meters) {
    return new Commands(
        List.of(
            new RunCommand(plugins::get, meters::get, Pipeline::freeSpace),
            new AblateCommand(plugins::get),
            new PlanCommand(plugins::get),
            new BenchCommand(plugins::get),
            new SampleCommand(plugins::get),
            new ExportCommand(plugins::get),
            new ReportCommand(),
            new UiCommand(),
            new PluginsCommand(plugins::get),
            new ParityCommand(plugins::get, options::verbose)));
  }

  @Provides
  @Singleton
  GlobalOptions options() {
    return new GlobalOptions();
  }

  @Provides
  Dmdx dmdx(GlobalOptions options) {
    return new Dmdx(options);
  }

  /** Searched on first use, when the options are known. */
  @Provides
  @Singleton
  PluginRegistry plugins(GlobalOptions options) {
    return PluginRegistry.discover(options.pluginFolders());
  }

  @Provides
  @Singleton
  PrometheusMeterRegistry prometheus() {
    return new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
  }
}
