package dmdx.runner.cli;

import dmdx.api.Precision;
import dmdx.runner.plugin.PluginRegistry;
import dmdx.runner.stage.Pipeline;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code dmdx export}. */
@Command(
    name = "export",
    description =
        "Writes the student of a finished training stage: a complete pipeline folder, or, for a"
            + " student that is adapters, a LoRA file unless they are merged.")
final class ExportCommand implements Callable<Integer> {
  private static final List<String> STAGES = List.of("adp", "adm");
  private final Supplier<PluginRegistry> plugins;
  @Mixin private final RunOptions options = new RunOptions();

  @Option(
      names = "--out",
      required = true,
      paramLabel = "FOLDER",
      description = "Where to; a folder that is empty or does not exist.")
  private Path out = Path.of("");

  @Option(
      names = "--merge",
      description = "Adds adapters to the teacher's weights: the result needs no LoRA.")
  private boolean merge;

  @Option(
      names = "--stage",
      paramLabel = "NAME",
      description = "The stage whose student it is. Default: the last one finished.")
  private @Nullable String stage;

  @Option(
      names = "--precision",
      paramLabel = "NAME",
      description =
          "Format of the denoiser's weights: fp32, fp16 or bf16. Default: the configuration's.")
  private @Nullable String precision;

  @Spec private CommandSpec spec;

  @SuppressWarnings("NullAway.Init") // picocli sets the specification
  ExportCommand(Supplier<PluginRegistry> plugins) {
    this.plugins = plugins;
  }

  @Override
  public Integer call() {
    String name = precision;
    if (name != null && !Precision.names().contains(name)) {
      throw new ParameterException(
          spec.commandLine(),
          "--precision is %s, not %s".formatted(String.join(", ", Precision.names()), name));
    }
    String from = stage;
    if (from != null && !STAGES.contains(from)) {
      throw new ParameterException(
          spec.commandLine(), "--stage is %s, not %s".formatted(String.join(" or ", STAGES), from));
    }
    try (Pipeline pipeline =
        new Pipeline(
            options.config(plugins.get()),
            RunOptions.base(),
            plugins.get(),
            new SimpleMeterRegistry())) {
      pipeline.export(out, stage, merge, name == null ? null : Precision.of(name));
    }
    spec.commandLine().getOut().println(out);
    return Main.OK;
  }
}
