package dmdx.runner.cli;

import dmdx.runner.plugin.PluginRegistry;
import dmdx.runner.report.Table;
import java.io.PrintWriter;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.function.Supplier;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** {@code dmdx plugins}. */
@Command(name = "plugins", description = "Lists the plugins, and what is wrong with the others.")
final class PluginsCommand implements Callable<Integer> {
  private final Supplier<PluginRegistry> plugins;
  @Spec private CommandSpec spec;

  @SuppressWarnings("NullAway.Init") // picocli sets the specification
  PluginsCommand(Supplier<PluginRegistry> plugins) {
    this.plugins = plugins;
  }

  @Override
  public Integer call() {
    PluginRegistry registry = plugins.get();
    PrintWriter out = spec.commandLine().getOut();
    Table table = new Table(List.of("kind", "name", "description", "from"));
    for (PluginRegistry.Entry entry : registry.plugins()) {
      table.row(
          entry.plugin().kind(),
          entry.plugin().name(),
          entry.plugin().description(),
          entry.source());
    }
    out.println(table);
    if (!registry.problems().isEmpty()) {
      out.println();
      registry.problems().forEach(problem -> out.println("problem: " + problem));
    }
    return Main.OK;
  }
}
