package dmdx.runner.stage;

import ai.djl.Device;
import com.typesafe.config.Config;
import dmdx.api.CheckpointException;
import dmdx.api.ImageSize;
import dmdx.api.Precision;
import dmdx.api.settings.Settings;
import dmdx.api.settings.SettingsException;
import dmdx.runner.plugin.PluginRegistry;
import dmdx.runner.report.RunFolder;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalDouble;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * A run, as the configuration states it. Stage settings are {@code null} for stages that are not
 * run, except that every stage's keys are checked.
 *
 * @param name folder name of the run
 * @param folder where the run's files go
 * @param base folder that relative paths start from where a value comes from no file
 * @param device what networks compute on
 * @param precision what networks compute in; weights that are trained stay float32
 * @param scratch folder of scratch files
 * @param stages stage names, in order
 * @param gridPrompts rows of the sample grids drawn during training
 * @param gridColumns samples per row of those grids
 * @param fps frames per second of the videos that are written
 */
record RunSettings(
    String name,
    long seed,
    Path folder,
    Path base,
    Device device,
    Precision precision,
    Path scratch,
    List<String> stages,
    TeacherSettings teacher,
    PromptSet.Source prompts,
    StudentSettings student,
    ObjectiveSettings adversarial,
    LatentSettings latent,
    @Nullable PixelSettings pixel,
    MonitorSettings monitor,
    int gridPrompts,
    int gridColumns,
    int fps,
    int prometheusPort,
    MemorySettings memory,
    @Nullable PretrainSettings pretrain,
    @Nullable CollectSettings collect,
    @Nullable AdpSettings adp,
    @Nullable AdmSettings adm,
    @Nullable SampleSettings sample,
    @Nullable EvaluateSettings evaluate,
    Config resolved) {

  static final List<String> STAGES =
      List.of("pretrain", "collect", "adp", "adm", "sample", "evaluate");

  static final List<String> TRAINING = List.of("pretrain", "adp", "adm");

  /** Which teacher, and the settings that are its plugin's own. */
  record TeacherSettings(
      String plugin,
      Path path,
      ImageSize size,
      int sampleBatch,
      long conditioningCacheBytes,
      Settings own) {}

  /**
   * The student.
   *
   * @param steps network evaluations
   * @param timesteps where it is evaluated, noisiest first; empty for the teacher's own spacing
   * @param ema decay of the running mean that is sampled and saved; 0 for none
   * @param precision format the exported weights are saved in
   * @param guidanceOffset how far the student's guidance scale is below the real score's (Sec.
   *     5.2); empty for a student without guidance
   */
  record StudentSettings(
      int steps,
      List<Double> timesteps,
      double ema,
      Precision precision,
      OptionalDouble guidanceOffset,
      Tuning.Choice tuning) {}

  /**
   * What is done to need less memory.
   *
   * @param recomputesActivations whether updates run on a {@link dmdx.nn.weights.Tape}
   * @param offloadsFrozen whether frozen weights stay with the host and are brought to the device
   *     block by block
   */
  record MemorySettings(boolean recomputesActivations, boolean offloadsFrozen) {
    static MemorySettings from(Settings s) {
      return new MemorySettings(s.flag("recompute-activations"), s.flag("offload-frozen"));
    }
  }

  /** Which heads, and their own settings. */
  record HeadsSettings(String plugin, Settings own) {

    static HeadsSettings from(Settings s, PluginRegistry plugins) {
      PluginRegistry.Chosen plugin = plugins.choose(s, "heads", "heads");
      return new HeadsSettings(plugin.name(), plugin.own());
    }
  }

  /**
   * The discriminator on the teacher's backbone.
   *
   * @param conditional whether it is told the prompts
   */
  record LatentSettings(HeadsSettings heads, boolean conditional) {

    static LatentSettings from(Settings s, PluginRegistry plugins) {
      return new LatentSettings(HeadsSettings.from(s, plugins), s.flag("conditional"));
    }
  }

  /**
   * The GAN objective, and its own settings.
   *
   * @param overLogits whether a value is averaged over all logits, not over those of a head and
   *     then over heads
   */
  record ObjectiveSettings(String plugin, Settings own, boolean overLogits) {

    static ObjectiveSettings from(Settings s, PluginRegistry plugins) {
      PluginRegistry.Chosen plugin = plugins.choose(s, "adversarial", "adversarial");
      return new ObjectiveSettings(
          plugin.name(),
          plugin.own(),
          s.choice("adversarial-mean", List.of("heads", "logits")).equals("logits"));
    }
  }

  /** The pixel discriminator. */
  record PixelSettings(String plugin, Path path, Settings own, HeadsSettings heads) {}

  /**
   * Reads a whole configuration.
   *
   * @throws SettingsException with all problems found
   */
  static RunSettings from(Config config, Path base, PluginRegistry plugins) {
    Settings s = Settings.of(config, base);
    s.ignore("training-defaults");
    s.ignore("optimizer-defaults");
    List<String> stages = stages(s);
    String name = RunFolder.name(s);
    Settings teacher = s.section("teacher");
    teacher.ignore("preset");
    PluginRegistry.Chosen plugin = plugins.choose(teacher, "plugin", "teacher");
    TeacherSettings teacherSettings =
        new TeacherSettings(
            plugin.name(),
            teacher.path("path"),
            size(teacher),
            teacher.integer("sample-batch", 1, Integer.MAX_VALUE),
            (long) teacher.integer("conditioning-cache-mib", 0, 1 << 20) << 20,
            plugin.own());
    Settings student = s.section("student");
    Settings metrics = s.section("metrics");
    AdpSettings adp = stage(s, stages, "adp", AdpSettings::from);
    boolean pixel = adp != null && adp.adversarial() && adp.pixelWeight() > 0;
    RunSettings settings =
        new RunSettings(
            name,
            s.longInteger("seed"),
            s.path("runs").resolve(name),
            base,
            device(s),
            precision(s, stages),
            s.has("scratch") ? s.path("scratch") : s.path("runs").resolve(name),
            stages,
            teacherSettings,
            PromptSet.Source.from(s.section("prompts")),
            new StudentSettings(
                student.integer("steps", 1, 1000),
                student.has("timesteps") ? student.numbers("timesteps", 0, 1e6) : List.of(),
                student.number("ema", 0, 0.999999),
                Precision.of(student.choice("precision", Precision.names())),
                student.has("guidance-offset")
                    ? OptionalDouble.of(student.number("guidance-offset", 0, 100))
                    : OptionalDouble.empty(),
                Tuning.Choice.from(student)),
            ObjectiveSettings.from(s, plugins),
            LatentSettings.from(s.section("latent-discriminator"), plugins),
            when(pixel, s, "pixel-discriminator", own -> pixel(own, plugins)),
            MonitorSettings.from(s.section("monitor"), plugins),
            s.integer("grid-prompts", 1, 100),
            s.integer("grid-columns", 1, 100),
            s.section("video").integer("fps", 1, 1000),
            metrics.integer("prometheus-port", 0, 65_535),
            MemorySettings.from(s.section("memory")),
            stage(s, stages, "pretrain", PretrainSettings::from),
            when(adp != null || stages.contains("collect"), s, "collect", CollectSettings::from),
            adp,
            stage(s, stages, "adm", own -> AdmSettings.from(own, plugins)),
            stage(s, stages, "sample", SampleSettings::from),
            stage(s, stages, "evaluate", own -> EvaluateSettings.from(own, plugins)),
            config);
    s.finish();
    return settings;
  }

  /**
   * What is made of a setting. What is wrong with that is told with the setting and its place.
   *
   * @param key the setting's path
   * @throws CheckpointException for one
   * @throws SettingsException for an {@link IllegalArgumentException}; its subclasses, such as
   *     {@link NumberFormatException}, are faults of a program and go on as they are
   */
  <T> T by(String key, Supplier<T> make) {
    try {
      return make.get();
    } catch (CheckpointException e) {
      throw new CheckpointException(placed(key, e).problems().get(0), e);
    } catch (IllegalArgumentException e) {
      if (e.getClass() != IllegalArgumentException.class || e.getMessage() == null) {
        throw e;
      }
      throw placed(key, e);
    }
  }

  private SettingsException placed(String key, RuntimeException problem) {
    String text = "'%s': %s".formatted(key, problem.getMessage());
    SettingsException placed =
        resolved.hasPath(key)
            ? SettingsException.at(resolved.getValue(key).origin(), base, text)
            : new SettingsException(List.of(text));
    placed.initCause(problem);
    return placed;
  }

  private static Device device(Settings s) {
    try {
      return Devices.of(s.text("device"));
    } catch (IllegalArgumentException e) {
      s.problem("device", String.valueOf(e.getMessage()));
      return Device.cpu();
    }
  }

  private static Precision precision(Settings s, List<String> stages) {
    Precision precision = Precision.of(s.choice("precision", Precision.names()));
    List<String> training = stages.stream().filter(TRAINING::contains).toList();
    if (precision == Precision.FP16 && !training.isEmpty()) {
      s.problem(
          "precision",
          "is fp16, in which small gradients vanish, and the stages %s train. Set it to bf16 or fp32, or leave only stages that sample."
              .formatted(String.join(", ", training)));
    }
    return precision;
  }

  /** None if they are wrong, so that nothing is said of the sections of others. */
  private static List<String> stages(Settings s) {
    List<String> stages = s.choices("stages", STAGES);
    if (s.hasProblems()) {
      return List.of();
    }
    requireOrder(s, stages);
    return stages;
  }

  /** Stages build on those before them, and pre-training makes the teacher of another run. */
  private static void requireOrder(Settings s, List<String> stages) {
    for (int i = 1; i < stages.size(); i++) {
      if (STAGES.indexOf(stages.get(i)) <= STAGES.indexOf(stages.get(i - 1))) {
        s.problem(
            "stages",
            "has '%s' after '%s'. Name each stage once, in the order %s."
                .formatted(stages.get(i), stages.get(i - 1), String.join(", ", STAGES)));
      }
    }
    if (stages.contains(PretrainStage.NAME) && stages.size() > 1) {
      s.problem(
          "stages",
          "has 'pretrain' and others. Run it alone, then set 'teacher.path' to 'pretrain.output'.");
    }
  }

  private static <T> @Nullable T stage(
      Settings s, List<String> stages, String name, Function<Settings, T> read) {
    return when(stages.contains(name), s, name, read);
  }

  private static <T> @Nullable T when(
      boolean used, Settings s, String section, Function<Settings, T> read) {
    if (used) {
      return read.apply(s.section(section));
    }
    s.ignore(section);
    return null;
  }

  private static PixelSettings pixel(Settings s, PluginRegistry plugins) {
    PluginRegistry.Chosen plugin = plugins.choose(s, "plugin", "discriminator");
    return new PixelSettings(
        plugin.name(), s.path("path"), plugin.own(), HeadsSettings.from(s, plugins));
  }

  private static ImageSize size(Settings s) {
    List<Integer> size =
        s.integers("size", 1, 1 << 16, "[height, width] or [height, width, frames], each");
    if (size.size() > 3 && !s.hasProblems()) {
      s.problem(
          "size",
          "has %d numbers. Give [height, width] or [height, width, frames]."
              .formatted(size.size()));
    }
    int height = size.get(0);
    int width = size.size() > 1 ? size.get(1) : height;
    return new ImageSize(height, width, size.size() > 2 ? size.get(2) : 1);
  }
}
