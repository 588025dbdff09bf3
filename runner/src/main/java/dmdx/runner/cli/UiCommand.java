package dmdx.runner.cli;

import dmdx.runner.report.RunFolder;
import dmdx.runner.train.StopRequest;
import dmdx.runner.ui.RunsServer;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code dmdx ui}. */
@Command(
    name = "ui",
    description =
        "Shows runs in a browser while they go on, and two of them beside each other. Reads the"
            + " runs' folder and changes nothing.")
final class UiCommand implements Callable<Integer> {
  private static final int POLL_MILLIS = 200;

  @Parameters(
      arity = "0..1",
      paramLabel = "RUNS_FOLDER",
      defaultValue = "runs",
      description = "The folder that runs are in. Default: ${DEFAULT-VALUE}.")
  private Path folder = Path.of("");

  @Option(
      names = "--port",
      defaultValue = "8420",
      description = "TCP port, 0 for any free one. Default: ${DEFAULT-VALUE}.")
  private int port;

  @Option(
      names = "--host",
      defaultValue = "127.0.0.1",
      description =
          "Address to listen on. Whoever can reach another than loopback sees all runs. Default:"
              + " ${DEFAULT-VALUE}.")
  private String host = "";

  @Spec private CommandSpec spec;

  @SuppressWarnings("NullAway.Init") // picocli sets the specification
  UiCommand() {}

  @Override
  public Integer call() throws InterruptedException {
    if (port < 0 || port > 65_535) {
      throw new ParameterException(spec.commandLine(), "--port is 0 to 65535, not " + port);
    }
    if (RunFolder.isRun(folder)) {
      throw new ParameterException(
          spec.commandLine(), folder + ": is a run's folder. Give the one that runs are in.");
    }
    try (RunsServer server = RunsServer.start(folder, host, port)) {
      spec.commandLine().getOut().println(server.address() + "   (Ctrl+C ends it)");
      while (!StopRequest.isMade()) {
        Thread.sleep(POLL_MILLIS);
      }
    }
    return Main.OK;
  }
}
