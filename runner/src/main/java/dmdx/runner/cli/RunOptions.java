package dmdx.runner.cli;

import com.typesafe.config.Config;
import dmdx.runner.config.ConfigLoader;
import dmdx.runner.plugin.PluginRegistry;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Names a run: its configuration and what overrides it. */
final class RunOptions {
  @Parameters(paramLabel = "FILE", description = "The configuration, in HOCON.")
  private Path file = Path.of("");

  @Option(
      names = "-D",
      paramLabel = "KEY=VALUE",
      description = "Overrides a setting, such as -D adm.iterations=100. May be repeated.")
  private List<String> overrides = new ArrayList<>();

  Config config(PluginRegistry plugins) {
    return ConfigLoader.load(file, overrides, plugins::teacher);
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
