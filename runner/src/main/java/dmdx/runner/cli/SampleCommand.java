package dmdx.runner.cli;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import dmdx.api.CheckpointException;
import dmdx.api.ImageSize;
import dmdx.api.PipelineOrigin;
import dmdx.api.TeacherProvider;
import dmdx.nn.pipeline.PipelineOriginFile;
import dmdx.runner.plugin.PluginRegistry;
import dmdx.runner.report.SampleGrid;
import dmdx.runner.report.VideoWriter;
import dmdx.runner.stage.PipelineSampler;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.function.Supplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code dmdx sample}. */
@Command(
    name = "sample",
    description =
        "Draws with an exported student, or with a teacher, into one PNG: a row per prompt. Videos"
            + " are shown in an animated PNG and written beside it: NAME-1.mp4, NAME-2.mp4, …, row"
            + " by row.")
final class SampleCommand implements Callable<Integer> {
  private static final Pattern SIZE = Pattern.compile("([1-9][0-9]{0,4})(?:x([1-9][0-9]{0,4}))?");
  private final Supplier<PluginRegistry> plugins;

  @Parameters(paramLabel = "FOLDER", description = "Pipeline folder in the diffusers layout.")
  private Path folder = Path.of("");

  @Option(names = "--prompt", required = true, description = "What to draw. May be repeated.")
  private List<String> prompts = new ArrayList<>();

  @Option(names = "--out", required = true, description = "The PNG to write.")
  private Path out = Path.of("");

  @Option(
      names = "--teacher",
      paramLabel = "NAME",
      description =
          "The teacher plugin that reads the folder. Default: the one the student was distilled"
              + " with; sdxl if the folder does not say.")
  private @Nullable String plugin;

  @Option(
      names = "--lora",
      paramLabel = "FOLDER",
      description =
          "Exported folder of a student that is adapters over the pipeline in the other folder.")
  private @Nullable Path lora;

  @Option(
      names = "--size",
      description =
          "Pixels: one number, or HEIGHTxWIDTH. Default: what the student was distilled for; 1024 if"
              + " the folder does not say.")
  private @Nullable String size;

  @Option(
      names = "--frames",
      description =
          "Frames of a video teacher's clips. Default: what the student was distilled for; 1 if the"
              + " folder does not say.")
  private @Nullable Integer frames;

  @Option(
      names = "--fps",
      defaultValue = "8",
      description = "Frames of a video per second. Default: ${DEFAULT-VALUE}.")
  private int fps;

  @Option(
      names = "--count",
      defaultValue = "1",
      description = "Pictures or videos per prompt. Default: ${DEFAULT-VALUE}.")
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

  @Mixin private final DeviceOption deviceOption = new DeviceOption();

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
    if (count < 1 || steps < 1 || guidance < 1 || (frames != null && frames < 1)) {
      throw new ParameterException(
          spec.commandLine(), "--count, --steps, --guidance and --frames are at least 1");
    }
    if (fps < 1 || fps > 1000) {
      throw new ParameterException(spec.commandLine(), "--fps is 1 to 1000, not " + fps);
    }
    PipelineOrigin origin = PipelineOriginFile.find(lora == null ? folder : lora);
    ImageSize pixelSize = size(origin == null ? ImageSize.square(1024) : origin.size());
    Device device = deviceOption.required();
    Config settings = ConfigFactory.parseString(String.join("\n", own));
    SampleGrid grid = new SampleGrid(prompts);
    try (PipelineSampler sampler = open(origin, settings, device);
        NDManager manager = NDManager.newBaseManager(device)) {
      PipelineSampler.Guided guided = new PipelineSampler.Guided(steps, guidance);
      for (int picture = 0; picture < count; picture++) {
        try (NDArray pixels = sampler.sample(prompts, pixelSize, seed + picture, guided, manager)) {
          grid.addColumn("", pixels);
          if (pixelSize.frames() > 1) {
            writeClips(pixels, picture);
          }
        }
      }
    }
    grid.writePreview(out, fps);
    spec.commandLine().getOut().println(out);
    return Main.OK;
  }

  private void writeClips(NDArray clips, int column) {
    for (int row = 0; row < prompts.size(); row++) {
      Path file = SampleGrid.beside(out, "-%d.mp4".formatted(row * count + column + 1));
      try (NDArray clip = clips.get(row)) {
        VideoWriter.mp4(file, clip, fps);
      }
      spec.commandLine().getOut().println(file);
    }
  }

  /** Opens the folder; where nothing says with which teacher plugin, a failure does. */
  private PipelineSampler open(@Nullable PipelineOrigin origin, Config settings, Device device) {
    String name = plugin != null ? plugin : origin != null ? origin.teacher() : "sdxl";
    TeacherProvider provider = plugins.get().teacher(name);
    try {
      return new PipelineSampler(provider, folder, lora, settings, device);
    } catch (CheckpointException e) {
      if (plugin != null || origin != null) {
        throw e;
      }
      throw new CheckpointException(
          "%s%nThe folder does not say which teacher plugin reads it, so '%s' was tried. --teacher NAME chooses another."
              .formatted(e.getMessage(), name),
          e);
    }
  }

  private ImageSize size(ImageSize known) {
    int clip = frames == null ? known.frames() : frames;
    if (size == null) {
      return new ImageSize(known.height(), known.width(), clip);
    }
    Matcher sides = SIZE.matcher(size);
    if (!sides.matches()) {
      throw new ParameterException(
          spec.commandLine(), "--size is 1024 or 480x720 (height x width), not " + size);
    }
    int height = Integer.parseInt(sides.group(1));
    int width = sides.group(2) == null ? height : Integer.parseInt(sides.group(2));
    return new ImageSize(height, width, clip);
  }
}
