package dmdx.runner.cli;

import dmdx.runner.plugin.PluginRegistry;
import dmdx.runner.report.Table;
import dmdx.runner.stage.Pipeline;
import dmdx.runner.stage.StageMemory;
import dmdx.runner.stage.StageOutline;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.function.Supplier;
import java.util.stream.LongStream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** {@code dmdx plan}. */
@Command(
    name = "plan",
    description =
        "Shows the roles, parameters and updates of every stage and the memory it will need, before"
            + " any weight is loaded.")
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
        Table table = new Table(List.of("role", "parameters", "weights"));
        for (StageOutline.RoleOutline role : stage.roles()) {
          table.row(
              role.role(),
              String.format(Locale.ROOT, "%,d", role.parameters()),
              (role.trained() ? "trained" : "frozen")
                  + switch (role.offload()) {
                    case NONE -> "";
                    case HOST -> ", in host memory";
                    case DISK -> ", on disk";
                  });
        }
        out.println(table);
        stage.notes().forEach(out::println);
        out.println();
      }
      try {
        out.println(memory(pipeline.memory()));
      } catch (UnsupportedOperationException e) {
        out.println("The memory this run needs cannot be told: " + e.getMessage());
      }
    }
    return Main.OK;
  }

  private static Table memory(List<StageMemory> stages) {
    boolean gpu = stages.stream().anyMatch(s -> s.host() > 0);
    List<String> columns =
        new ArrayList<>(
            List.of(
                gpu ? "MiB of the GPU" : "MiB",
                "frozen",
                "trained",
                "optimizer",
                "gradients",
                "activations",
                "process",
                "peak"));
    if (gpu) {
      columns.add("in host memory");
    }
    Table table = new Table(columns);
    for (StageMemory s : stages) {
      List<String> cells = new ArrayList<>(List.of(s.stage()));
      LongStream.of(
              s.frozen(),
              s.trained(),
              s.optimizer(),
              s.gradients(),
              s.activations(),
              s.process(),
              s.total(),
              s.host())
          .limit(columns.size() - 1L)
          .forEach(
              bytes -> cells.add(String.format(Locale.ROOT, "%,d", Math.round(bytes / 1048576.0))));
      table.row(cells);
    }
    return table;
  }
}
