package dmdx.runner.cli;

import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** The command above the subcommands. */
@Command(
    name = "dmdx",
    mixinStandardHelpOptions = true,
    versionProvider = Version.class,
    scope = CommandLine.ScopeType.INHERIT,
    usageHelpAutoWidth = true,
    synopsisSubcommandLabel = "COMMAND",
    description = "Distils a pretrained diffusion model into a one- or few-step generator.",
    footerHeading = "%nExit codes:%n",
    footer = {
      "  0   done",
      "  1   a check failed",
      "  2   wrong command line, configuration or checkpoint",
      "  70  internal error",
      "  130 stopped; run again to go on"
    })
final class Dmdx implements Runnable {
  @Mixin private final GlobalOptions options;
  @Spec private CommandSpec spec;

  @SuppressWarnings("NullAway.Init") // picocli sets the specification
  Dmdx(GlobalOptions options) {
    this.options = options;
  }

  GlobalOptions options() {
    return options;
  }

  @Override
  public void run() {
    throw new ParameterException(spec.commandLine(), "no command given");
  }
}
