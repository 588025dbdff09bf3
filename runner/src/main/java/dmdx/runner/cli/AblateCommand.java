package dmdx.runner.cli;

import dmdx.runner.ablation.Ablation;
import dmdx.runner.ablation.AblationReport;
import dmdx.runner.ablation.AblationSettings;
import dmdx.runner.plugin.PluginRegistry;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.function.Supplier;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code dmdx ablate}. */
@Command(
    name = "ablate",
    description =
        "Runs a matrix of settings over one configuration, each under several seeds, and compares"
            + " the results. Pairs and students that rows have in common are made once. Running"
            + " again resumes and retries what failed.")
final class AblateCommand implements Callable<Integer> {
  private final Supplier<PluginRegistry> plugins;

  @Parameters(
      paramLabel = "FILE",
      description = "The ablation, in HOCON: name, base, seeds, rows, report.")
  private Path file = Path.of("");

  @Option(
      names = "--seeds",
      split = ",",
      paramLabel = "SEED",
      description =
          "Run only these of the file's seeds. Other processes can run the others at the same time;"
              + " the last to end writes the whole table.")
  private List<Integer> seeds = List.of();

  @Spec private CommandSpec spec;

  @SuppressWarnings("NullAway.Init") // picocli sets the specification
  AblateCommand(Supplier<PluginRegistry> plugins) {
    this.plugins = plugins;
  }

  @Override
  public Integer call() {
    Path here = RunOptions.base();
    AblationSettings settings = AblationSettings.read(file, here);
    List<Integer> wanted = seeds.isEmpty() ? settings.seeds() : seeds;
    if (!settings.seeds().containsAll(wanted)) {
      throw new CommandLine.ParameterException(
          spec.commandLine(),
          "--seeds: %s is not among the seeds of %s, %s."
              .formatted(wanted, file, settings.seeds()));
    }
    AblationReport report =
        new Ablation(settings, here, plugins.get(), new SimpleMeterRegistry()).run(wanted);
    PrintWriter out = spec.commandLine().getOut();
    out.println(report);
    out.println();
    out.println(report.folder());
    return report.hasFailures() ? Main.CHECK_FAILED : Main.OK;
  }
}
