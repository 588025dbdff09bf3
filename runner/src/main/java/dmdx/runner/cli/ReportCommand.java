package dmdx.runner.cli;

import dmdx.runner.report.RunFolder;
import dmdx.runner.report.RunReport;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code dmdx report}. */
@Command(
    name = "report",
    description =
        "Writes report.html into a run's folder: curves, sample grids, scores, plan and"
            + " configuration in one file. A run does so itself after every stage.")
final class ReportCommand implements Callable<Integer> {
  @Parameters(paramLabel = "RUNFOLDER", description = "A run's folder, such as runs/fashion.")
  private Path folder = Path.of("");

  @Spec private CommandSpec spec;

  @SuppressWarnings("NullAway.Init") // picocli sets the specification
  ReportCommand() {}

  @Override
  public Integer call() {
    if (!RunFolder.isRun(folder)) {
      throw new ParameterException(
          spec.commandLine(),
          folder + ": is no run's folder: it has no config.conf. Give one such as runs/fashion.");
    }
    spec.commandLine().getOut().println(RunReport.write(folder));
    return Main.OK;
  }
}
