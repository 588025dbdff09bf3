package dmdx.runner.cli;

import com.typesafe.config.Config;
import dmdx.runner.plugin.PluginRegistry;
import dmdx.runner.report.Table;
import dmdx.runner.stage.FittedSettings;
import dmdx.runner.stage.Pipeline;
import dmdx.runner.stage.StageMemory;
import dmdx.runner.stage.StageOutline;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.function.Supplier;
import java.util.function.ToLongFunction;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** {@code dmdx plan}. */
@Command(
    name = "plan",
    description =
        "Shows the roles, parameters and updates of every stage, the memory it will need and the"
            + " files it will leave, before any weight is loaded.")
final class PlanCommand implements Callable<Integer> {
  private static final String RECOMPUTES = "memory.recompute-activations";
  private final Supplier<PluginRegistry> plugins;
  @Mixin private final RunOptions options = new RunOptions();
  @Spec private CommandSpec spec;

  @SuppressWarnings("NullAway.Init") // picocli sets the specification
  PlanCommand(Supplier<PluginRegistry> plugins) {
    this.plugins = plugins;
  }

  @Override
  public Integer call() {
    PrintWriter out = spec.commandLine().getOut();
    Config config = options.config(plugins.get());
    try (Pipeline pipeline = pipeline(config)) {
      pipeline.outline().forEach(stage -> describe(stage, out));
      try {
        out.println(memory(config, pipeline));
      } catch (UnsupportedOperationException e) {
        out.println("The memory this run needs cannot be told: " + e.getMessage());
      }
    }
    return Main.OK;
  }

  private Pipeline pipeline(Config config) {
    return new Pipeline(config, RunOptions.base(), plugins.get(), new SimpleMeterRegistry());
  }

  private static void describe(StageOutline stage, PrintWriter out) {
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

  private Table memory(Config config, Pipeline pipeline) {
    List<StageMemory> stages = pipeline.memory();
    boolean recomputes = config.getBoolean(RECOMPUTES);
    List<StageMemory> otherwise;
    try (Pipeline other =
        pipeline(FittedSettings.with(config, List.of(RECOMPUTES + "=" + !recomputes)))) {
      otherwise = other.memory();
    }
    boolean gpu = stages.stream().anyMatch(s -> s.host() > 0);
    Map<String, ToLongFunction<StageMemory>> columns = new LinkedHashMap<>();
    columns.put("frozen", StageMemory::frozen);
    columns.put("trained", StageMemory::trained);
    columns.put("optimizer", StageMemory::optimizer);
    columns.put("gradients", StageMemory::gradients);
    columns.put("activations", StageMemory::activations);
    columns.put("process", StageMemory::process);
    columns.put("peak", StageMemory::total);
    if (gpu) {
      columns.put("in host memory", StageMemory::host);
    }
    if (stages.stream().anyMatch(s -> s.files().scratch() > 0)) {
      columns.put("scratch files", s -> s.files().scratch());
    }
    columns.put("files kept", s -> s.files().kept());
    List<String> headings = new ArrayList<>(List.of(gpu ? "MiB of the GPU" : "MiB"));
    headings.addAll(columns.keySet());
    headings.add(recomputes ? "peak, activations kept" : "peak, activations recomputed");
    Table table = new Table(headings);
    for (int i = 0; i < stages.size(); i++) {
      StageMemory stage = stages.get(i);
      List<String> cells = new ArrayList<>(List.of(stage.stage()));
      columns.values().forEach(bytes -> cells.add(mebibytes(bytes.applyAsLong(stage))));
      cells.add(mebibytes(otherwise.get(i).total()));
      table.row(cells);
    }
    return table;
  }

  private static String mebibytes(long bytes) {
    return String.format(Locale.ROOT, "%,d", Math.round(bytes / 1048576.0));
  }
}
