package dmdx.runner.cli;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import dmdx.api.ImageSize;
import dmdx.runner.plugin.PluginRegistry;
import dmdx.runner.report.SampleGrid;
import dmdx.runner.stage.PipelineSampler;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.function.Supplier;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code dmdx sample}. */
@Command(
    name = "sample",
    description =
        "Draws pictures with an exported student, or with a teacher, into one PNG: a row per"
            + " prompt.")
final class SampleCommand implements Callable<Integer> {
  private final Supplier<PluginRegistry> plugins;

  @Parameters(paramLabel = "FOLDER", description = "Pipeline folder in the diffusers layout.")
  private Path folder = Path.of("");

  @Option(names = "--prompt", required = true, description = "What to draw. May be repeated.")
  private List<String> prompts = new ArrayList<>();

  @Option(names = "--out", required = true, description = "The PNG to write.")
  private Path out = Path.of("");

  @Option(
      names = "--teacher",
      defaultValue = "sdxl",
      description = "Name of the teacher plugin that reads the folder. Default: ${DEFAULT-VALUE}.")
  private String plugin = "";

  @Option(
      names = "--size",
      defaultValue = "1024",
      description = "Height and width in pixels. Default: ${DEFAULT-VALUE}.")
  private int size;

  @Option(
      names = "--count",
      defaultValue = "1",
      description = "Pictures per prompt. Default: ${DEFAULT-VALUE}.")
  private int count;

  @Option(names = "--seed", defaultValue = "0", description = "Default: ${DEFAULT-VALUE}.")
  private long seed;

  @Option(
      names = "--steps",
      defaultValue = "25",
      description = "A teacher's network evaluations. Default: ${DEFAULT-VALUE}.")
  private int steps;

  @Option(
      names = "--guidance",
      defaultValue = "7.5",
      description = "A teacher's guidance scale. Default: ${DEFAULT-VALUE}.")
  private double guidance;

  @Option(
      names = "-D",
      paramLabel = "KEY=VALUE",
      description = "A setting of the teacher plugin, such as -D variant=fp16. May be repeated.")
  private List<String> own = new ArrayList<>();

  @Spec private CommandSpec spec;

  @SuppressWarnings("NullAway.Init") // picocli sets the specification
  SampleCommand(Supplier<PluginRegistry> plugins) {
    this.plugins = plugins;
  }

  @Override
  public Integer call() {
    if (!Files.isDirectory(folder)) {
      throw new ParameterException(spec.commandLine(), folder + ": no such folder");
    }
    if (size < 1 || count < 1 || steps < 1 || guidance < 1) {
      throw new ParameterException(
          spec.commandLine(), "--size, --count, --steps and --guidance are at least 1");
    }
    Config settings = ConfigFactory.parseString(String.join("\n", own));
    SampleGrid grid = new SampleGrid(prompts);
    try (PipelineSampler sampler =
            new PipelineSampler(plugins.get().teacher(plugin), folder, settings);
        NDManager manager = NDManager.newBaseManager()) {
      PipelineSampler.Guided guided = new PipelineSampler.Guided(steps, guidance);
      for (int picture = 0; picture < count; picture++) {
        NDArray pixels =
            sampler.sample(prompts, ImageSize.square(size), seed + picture, guided, manager);
        grid.addColumn("", pixels);
      }
    }
    grid.write(out);
    spec.commandLine().getOut().println(out);
    return Main.OK;
  }
}
