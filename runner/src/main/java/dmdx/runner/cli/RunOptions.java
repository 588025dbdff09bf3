package dmdx.runner.cli;

import com.typesafe.config.Config;
import dmdx.runner.config.ConfigLoader;
import dmdx.runner.plugin.PluginRegistry;
import dmdx.runner.stage.FittedSettings;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Names a run: its configuration and what overrides it. */
final class RunOptions {
  private static final Logger LOG = LoggerFactory.getLogger(RunOptions.class);

  @Parameters(paramLabel = "FILE", description = "The configuration, in HOCON.")
  private Path file = Path.of("");

  @Option(
      names = "-D",
      paramLabel = "KEY=VALUE",
      description = "Overrides a setting, such as -D adm.iterations=100. May be repeated.")
  private List<String> overrides = new ArrayList<>();

  /** The configuration, with what was changed to fit into memory if the run has begun. */
  Config config(PluginRegistry plugins) {
    Config config = ConfigLoader.load(file, overrides, plugins::teacher);
    FittedSettings fitted = FittedSettings.of(config, base());
    List<String> changes = fitted.in(config);
    if (!changes.isEmpty()) {
      LOG.info("{}: this run was begun with {} (--auto-fit)", fitted.run(), changes);
    }
    return FittedSettings.with(config, changes);
  }

  /** The configuration's file. */
  Path file() {
    return file;
  }

  /** The folder that relative paths of overrides start from. */
  static Path base() {
    return Path.of("").toAbsolutePath();
  }
}
