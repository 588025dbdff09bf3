package dmdx.examples.fashion;

import dmdx.api.CheckpointException;
import dmdx.nn.data.DatasetException;
import picocli.CommandLine;
import picocli.CommandLine.Command;

/**
 * Makes the parts of the fashion example: pictures, codec, evaluator, pixel backbone, tokenizers.
 */
@Command(
    name = "workshop",
    description = "Makes the parts of the fashion example.",
    mixinStandardHelpOptions = true,
    synopsisSubcommandLabel = "COMMAND",
    subcommands = {
      Prepare.class,
      CodecTraining.class,
      EvaluatorTraining.class,
      BackboneTraining.class,
      VocabularyTraining.class
    })
public final class Workshop {
  private Workshop() {}

  /** Runs one command and exits: 0 done, 1 a file cannot be used, 2 wrong arguments. */
  public static void main(String[] arguments) {
    CommandLine line = new CommandLine(new Workshop()).setCaseInsensitiveEnumValuesAllowed(true);
    line.setExecutionExceptionHandler(
        (problem, command, parsed) -> {
          if (problem instanceof DatasetException || problem instanceof CheckpointException) {
            command.getErr().println(problem.getMessage());
            return 1;
          }
          throw problem;
        });
    System.exit(line.execute(arguments));
  }
}
