package dmdx.runner.cli;

import dmdx.runner.plugin.PluginRegistry;
import dmdx.runner.report.Table;
import dmdx.runner.stage.Pipeline;
import dmdx.runner.stage.StageOutline;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.PrintWriter;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.function.Supplier;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** {@code dmdx plan}. */
@Command(
    name = "plan",
    description =
        "Shows the roles, parameters, bytes and updates of every stage, before any weight is"
            + " loaded. Bytes are those of float32 weights, gradients and optimizer state;"
            + " activations come on top.")
final class PlanCommand implements Callable<Integer> {
  private final Supplier<PluginRegistry> plugins;
  @Mixin private final RunOptions options = new RunOptions();
  @Spec private CommandSpec spec;

  @SuppressWarnings("NullAway.Init") // picocli sets the specification
  PlanCommand(Supplier<PluginRegistry> plugins) {
    this.plugins = plugins;
  }

  @Override
  public Integer call() {
    try (Pipeline pipeline =
        new Pipeline(
            options.config(plugins.get()),
            RunOptions.base(),
            plugins.get(),
            new SimpleMeterRegistry())) {
      PrintWriter out = spec.commandLine().getOut();
      for (StageOutline stage : pipeline.outline()) {
        out.println(stage.stage());
        Table table = new Table(List.of("role", "parameters", "weights", "with training state"));
        long total = 0;
        long disk = 0;
        for (StageOutline.RoleOutline role : stage.roles()) {
          if (role.onDisk()) {
            disk += role.bytes();
          } else {
            total += role.bytes();
          }
          table.row(
              role.role(),
              String.format(Locale.ROOT, "%,d", role.parameters()),
              role.onDisk() ? "trained, on disk" : role.trained() ? "trained" : "frozen",
              mebibytes(role.bytes()));
        }
        out.println(table);
        out.println("total " + mebibytes(total) + (disk > 0 ? ", on disk " + mebibytes(disk) : ""));
        stage.notes().forEach(out::println);
        out.println();
      }
    }
    return Main.OK;
  }

  private static String mebibytes(long bytes) {
    return String.format(Locale.ROOT, "%,.1f MiB", bytes / 1048576.0);
  }
}
