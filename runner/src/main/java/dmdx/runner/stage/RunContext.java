package dmdx.runner.stage;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import dmdx.api.AdversarialLoss;
import dmdx.api.Conditioning;
import dmdx.api.Diffusion;
import dmdx.api.DiscriminatorBackbone;
import dmdx.api.DiscriminatorHeads;
import dmdx.api.DivergenceLoss;
import dmdx.api.DivergenceLossProvider;
import dmdx.api.GuidanceRange;
import dmdx.api.NoiseSchedule;
import dmdx.api.PipelineOrigin;
import dmdx.api.Precision;
import dmdx.api.StudentSampling;
import dmdx.api.Teacher;
import dmdx.api.TeacherProvider;
import dmdx.api.network.Pass;
import dmdx.api.network.Weights;
import dmdx.api.settings.Names;
import dmdx.api.settings.Settings;
import dmdx.api.settings.SettingsException;
import dmdx.nn.dryrun.DryRun;
import dmdx.nn.torch.Autograd;
import dmdx.nn.torch.Ops;
import dmdx.nn.torch.Scope;
import dmdx.nn.weights.DType;
import dmdx.nn.weights.DryWeights;
import dmdx.nn.weights.ForwardPass;
import dmdx.nn.weights.MapWeights;
import dmdx.nn.weights.Noise;
import dmdx.nn.weights.Storage;
import dmdx.nn.weights.TrainableWeights;
import dmdx.runner.checkpoint.Folders;
import dmdx.runner.plugin.PluginRegistry;
import dmdx.runner.train.OptimizerSettings;
import dmdx.runner.train.OptimizerSettings.Offload;
import dmdx.runner.train.TrainableRole;
import io.micrometer.core.instrument.MeterRegistry;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** What the stages of a run share: settings, plugins, the open teacher, prompts, memory. */
final class RunContext implements AutoCloseable {
  /** Folder of a run's result, in the teacher's own layout. */
  static final String EXPORT = "export";

  /** Name of the role that is distilled, and of its folder in a stage's. */
  static final String STUDENT = "student";

  private final RunSettings settings;
  private final PluginRegistry plugins;
  private final MeterRegistry meters;
  private final NDManager manager;
  private final Compute compute;
  private final @Nullable DryRun dry;
  private final @Nullable Trial trial;
  private final Teacher teacher;
  private final PromptSet prompts;
  private final ConditioningCache conditionings;
  private final Fingerprints fingerprints = new Fingerprints();

  RunContext(RunSettings settings, PluginRegistry plugins, MeterRegistry meters) {
    this(settings, plugins, meters, settings.stages().contains("pretrain"));
  }

  /**
   * @param fromScratch whether the teacher starts with random weights
   */
  RunContext(
      RunSettings settings, PluginRegistry plugins, MeterRegistry meters, boolean fromScratch) {
    this.settings = settings;
    this.plugins = plugins;
    this.meters = meters;
    dry = null;
    trial = null;
    prompts = settings.prompts().read();
    manager = NDManager.newBaseManager(settings.device());
    compute = Compute.of(settings, manager);
    RunSettings.TeacherSettings t = settings.teacher();
    TeacherProvider.OpenRequest request =
        new TeacherProvider.OpenRequest(t.path(), fromScratch, settings.seed());
    teacher = settings.by("teacher.path", () -> plugins.teacher(t.plugin()).open(request, t.own()));
    try {
      Shape unused = settings.by("teacher.size", () -> latentShape(1)); // finds what is wrong
    } catch (RuntimeException e) {
      teacher.close();
      manager.close();
      throw e;
    }
    conditionings =
        new ConditioningCache(
            teacher, t.size(), t.conditioningCacheBytes(), this::supporting, manager);
  }

  private RunContext(RunContext run, @Nullable DryRun dry, Trial trial) {
    settings = run.settings;
    plugins = run.plugins;
    meters = run.meters;
    prompts = run.prompts;
    this.dry = dry;
    this.trial = trial;
    manager =
        dry == null ? NDManager.newBaseManager(settings.device()) : dry.manager().newSubManager();
    compute = Compute.of(settings, manager);
    teacher = new TrialTeacher(run.teacher, dry);
    RunSettings.TeacherSettings t = settings.teacher();
    conditionings =
        new ConditioningCache(
            teacher, t.size(), t.conditioningCacheBytes(), this::supporting, manager);
  }

  /** The same run on arrays without elements, in which stages rehearse. */
  RunContext rehearsal(DryRun in) {
    return new RunContext(this, in, Trial::busiest);
  }

  /** The same run, in which stages train as {@code trial} says and write nothing. */
  RunContext trial(Trial trial) {
    return new RunContext(this, dry, trial);
  }

  /** What is done instead of training; {@code null} in a run that is meant. */
  @Nullable Trial trial() {
    return trial;
  }

  RunSettings settings() {
    return settings;
  }

  PluginRegistry plugins() {
    return plugins;
  }

  MeterRegistry meters() {
    return meters;
  }

  NDManager manager() {
    return manager;
  }

  Teacher teacher() {
    return teacher;
  }

  PromptSet prompts() {
    return prompts;
  }

  /**
   * A hash over the settings that {@code counts} picks by their path, and over all bytes of the
   * files they name.
   */
  String fingerprint(Predicate<String> counts) {
    return fingerprints.of(settings.resolved(), settings.base(), counts);
  }

  /** The folder of a stage's files. */
  Path folder(String stage) {
    return settings.folder().resolve(stage);
  }

  /** Where and in which precision networks compute. */
  Compute compute() {
    return compute;
  }

  /** Frozen weights where and in the precision networks compute. */
  Weights computing(Weights weights) {
    return compute.frozen(weights);
  }

  /**
   * Weights of a text encoder or codec in the precision it computes in. The hidden states of some
   * leave the range of FP16, for which BF16 stands in.
   */
  private Weights supporting(Weights weights) {
    return settings.precision() == Precision.FP16
        ? compute.in(Precision.BF16).frozen(weights)
        : computing(weights);
  }

  /** The teacher's own denoiser weights. */
  Weights teacherWeights() {
    return computing(
        Objects.requireNonNull(teacher.components().get(teacher.denoiserComponent())).weights());
  }

  /** What of the student is trained. */
  Tuning studentTuning() {
    return tuning("student", settings.student().tuning());
  }

  /**
   * Notes the files of a stage that trains a student, all roles being known: checkpoints, the last
   * student and the best one.
   *
   * @param exported whether the student is the run's result, too: adapters, or a pipeline with all
   *     networks
   */
  StageOutline files(StageOutline outline, TrainingSettings training, boolean exported) {
    Tuning tuning = studentTuning();
    long student = Float.BYTES * tuning.trained().parameterCount();
    outline.checkpoints(training).leaves(student);
    if (settings.monitor().every() > 0 && settings.monitor().best() != null) {
      outline.replaces(student);
    }
    if (exported) {
      int width = DType.of(settings.student().precision()).bytes();
      outline.leaves(
          tuning instanceof Tuning.LowRank
              ? student
              : teacher.components().values().stream()
                  .mapToLong(component -> width * component.network().parameterCount())
                  .sum());
    }
    return outline;
  }

  /**
   * What of a role is trained.
   *
   * @param key the role's section, for messages
   */
  Tuning tuning(String key, Tuning.Choice choice) {
    return choice.of(
        key, teacher.studentBase(), teacher.loraTargets(), teacher.denoiserComponent());
  }

  /**
   * A role that is the student base, more or less of it trained.
   *
   * @param weights what it starts with, of {@link Tuning#trained}
   */
  TrainableRole role(
      String name,
      Tuning tuning,
      TrainableWeights weights,
      OptimizerSettings optimizer,
      double ema,
      NDManager owner) {
    return new TrainableRole(
        name,
        tuning.trained(),
        weights,
        trained -> tuning.complete(trained, compute),
        optimizer,
        ema,
        owner);
  }

  /** Begins to tell what a stage uses. */
  StageOutline outline(String stage) {
    boolean streams = settings.device().isGpu() && settings.memory().offloadsFrozen();
    return StageOutline.of(stage, settings.precision(), streams ? Offload.HOST : Offload.NONE);
  }

  /** Where what is trained with these settings lies. */
  Storage storage(OptimizerSettings optimizer) {
    return switch (optimizer.offload()) {
      case NONE -> Storage.inMemory();
      case HOST -> Storage.inHostMemory();
      case DISK -> dry == null ? Storage.onDisk(settings.scratch()) : new DryDisk(dry);
    };
  }

  /** The heads of a discriminator, freshly initialised. They compute in float32. */
  TrainableRole headsRole(
      String stage, Discriminator discriminator, OptimizerSettings optimizer, NDManager owner) {
    TrainableWeights weights =
        TrainableWeights.initialised(
            discriminator.heads(), seed(stage, discriminator.role()), storage(optimizer), owner);
    return new TrainableRole(
        discriminator.role(), discriminator.heads(), weights, compute::exact, optimizer, 0, owner);
  }

  /** The seed of a role's first weights. */
  long seed(String stage, String role) {
    return noise(stage, role).below(Integer.MAX_VALUE);
  }

  /** Conditioning of prompts by the frozen text encoders, owned by {@code owner}. */
  Conditioning condition(List<String> texts, NDManager owner) {
    return conditionings.of(texts, owner);
  }

  Conditioning unconditional(int rows, NDManager owner) {
    return conditionings.unconditional(rows, owner);
  }

  /**
   * Prompts under classifier-free guidance.
   *
   * @param scales guidance scale per prompt
   */
  Guidance guided(List<String> texts, double[] scales, NDManager owner) {
    return new Guidance(condition(texts, owner), unconditional(texts.size(), owner), scales);
  }

  GuidanceRange guidance(@Nullable GuidanceRange configured) {
    return configured == null ? teacher.recommendedGuidance() : configured;
  }

  Shape latentShape(int rows) {
    return teacher.codec().latentShape(rows, settings.teacher().size());
  }

  /** The stream of random numbers of these keys, under the run's seed. */
  Noise noise(Object... keys) {
    Object[] all = new Object[keys.length + 1];
    all[0] = settings.seed();
    System.arraycopy(keys, 0, all, 1, keys.length);
    return Noise.of(all);
  }

  /** A divergence with its plugin's default settings. */
  DivergenceLoss defaultDivergence(String name) {
    DivergenceLossProvider provider = plugins.divergence(name);
    return provider.create(Settings.of(provider.defaults(), settings.folder()));
  }

  AdversarialLoss adversarial() {
    RunSettings.ObjectiveSettings objective = settings.adversarial();
    return Checked.adversarial(
        plugins.title("adversarial", objective.plugin()),
        plugins.adversarial(objective.plugin()).with(objective.own()));
  }

  /**
   * Where the student is evaluated, noisiest first: times of the teacher's schedule.
   *
   * @throws SettingsException if those set are no such times
   */
  double[] studentTimesteps() {
    int steps = settings.student().steps();
    double[] own = settings.student().timesteps().stream().mapToDouble(t -> t).toArray();
    if (own.length == 0) {
      return teacher.studentTimesteps(steps);
    }
    NoiseSchedule schedule = teacher.schedule();
    double before = Math.nextUp(schedule.horizon());
    for (double t : own) {
      if (own.length != steps || !(t > 0 && t < before) || schedule.snap(t) != t) {
        throw new SettingsException(
            List.of(
                "'student.timesteps' is %s. Give %s, falling, of the teacher's schedule, which ends at %s."
                    .formatted(
                        settings.student().timesteps(),
                        Names.count(steps, "time"),
                        schedule.horizon())));
      }
      before = t;
    }
    return own;
  }

  /** A discriminator on the teacher's own backbone. */
  Discriminator latentDiscriminator(String role) {
    TeacherBackbone backbone =
        new TeacherBackbone(teacher, computing(teacher.studentBase().weights()));
    RunSettings.LatentSettings latent = settings.latent();
    return new Discriminator(
        role,
        backbone,
        backbone.weights(),
        heads("latent-discriminator.heads", backbone, latent.heads()),
        latent.conditional()
            ? (given, owner) -> given
            : (given, owner) -> unconditional(given.rows(), owner),
        settings.adversarial().overLogits());
  }

  /** The discriminator on decoded pictures. Its backbone is the caller's to close. */
  Discriminator pixelDiscriminator(String role) {
    RunSettings.PixelSettings pixel =
        Objects.requireNonNull(settings.pixel(), "no pixel discriminator is configured");
    DiscriminatorBackbone backbone =
        settings.by(
            "pixel-discriminator.path",
            () -> plugins.backbone(pixel.plugin()).open(pixel.path(), pixel.own()));
    if (dry != null) {
      backbone = new DryBackbone(backbone, DryWeights.of(backbone.network(), dry));
    }
    return new Discriminator(
        role,
        backbone,
        computing(backbone.weights()),
        heads("pixel-discriminator.heads", backbone, pixel.heads()),
        (given, owner) -> given,
        settings.adversarial().overLogits());
  }

  private DiscriminatorHeads heads(
      String key, DiscriminatorBackbone backbone, RunSettings.HeadsSettings heads) {
    List<long[]> sizes = backbone.mapSizes(settings.teacher().size());
    return Checked.heads(
        plugins.title("heads", heads.plugin()),
        backbone.taps().size(),
        settings.by(
            key, () -> plugins.heads(heads.plugin()).create(backbone.taps(), sizes, heads.own())));
  }

  /**
   * The teacher's multi-step samples.
   *
   * @param scales guidance scale per row
   * @return clean latents, owned by {@code owner}
   */
  NDArray teacherSamples(
      TeacherSampler sampler, NDArray noise, List<String> texts, double[] scales, NDManager owner) {
    return inBatches(
        noise.getShape().get(0),
        owner,
        (from, to) ->
            teacherBatch(
                sampler,
                Ops.slice(noise, 0, from, to),
                texts.subList(from, to),
                Arrays.copyOfRange(scales, from, to),
                owner));
  }

  private NDArray teacherBatch(
      TeacherSampler sampler, NDArray noise, List<String> texts, double[] scales, NDManager owner) {
    try (Scope scope = new Scope();
        Autograd.Mode paused = Autograd.paused()) {
      NDArray x =
          sampler.sample(
              ForwardPass.of(teacherWeights(), owner), noise, guided(texts, scales, owner));
      x.attach(owner);
      return scope.keep(x);
    }
  }

  /** A student's samples: clean latents, owned by {@code owner}. */
  NDArray studentSamples(
      StudentModel student, Weights weights, NDArray noise, List<String> texts, NDManager owner) {
    return inBatches(
        noise.getShape().get(0),
        owner,
        (from, to) ->
            student.sample(
                ForwardPass.of(weights, owner),
                Ops.slice(noise, 0, from, to),
                guided(student, texts.subList(from, to), owner)));
  }

  /** Conditioning for a student, which has guidance or none. */
  private Guidance guided(StudentModel student, List<String> texts, NDManager owner) {
    double scale = student.guidance();
    return scale > 1
        ? guided(texts, Diffusion.filled(texts.size(), scale), owner)
        : Guidance.none(condition(texts, owner));
  }

  /** In a rehearsal: draws with the teacher under guidance and shows it. */
  void rehearseSampling(int rows, double scale) {
    try (Scope scope = new Scope();
        NDManager owner = manager.newSubManager()) {
      TeacherSampler sampler = TeacherSampler.of(teacher, teacher.defaultSampler(), 2);
      List<String> texts = PromptSet.repeated(prompts.first(1), rows);
      double[] scales = Diffusion.filled(rows, scale);
      NDArray noise = manager.create(latentShape(rows));
      pictures(teacherSamples(sampler, noise, texts, scales, owner), owner);
    }
  }

  /** What grids show of latents: a picture or video per {@code samplesPerPicture()} rows. */
  NDArray pictures(NDArray latents, NDManager owner) {
    try (Scope scope = new Scope()) {
      NDArray pictures = teacher.codec().pictures(decode(latents, owner));
      pictures.attach(owner);
      return scope.keep(pictures);
    }
  }

  /** What the codec decodes of latents, such as pixels: not clamped, owned by {@code owner}. */
  NDArray decode(NDArray latents, NDManager owner) {
    return inBatches(
        latents.getShape().get(0),
        owner,
        (from, to) ->
            decode(ForwardPass.of(codecWeights(), owner), Ops.slice(latents, 0, from, to)));
  }

  /** What the codec decodes of latents, in float32. */
  NDArray decode(Pass codec, NDArray latents) {
    return Ops.cast(teacher.codec().decode(codec, latents), DataType.FLOAT32);
  }

  /** Makes rows of a result without recording gradients. */
  @FunctionalInterface
  private interface Rows {
    NDArray make(int from, int to);
  }

  /** All rows, made as many at a time as the settings allow. */
  private NDArray inBatches(long rows, NDManager owner, Rows batch) {
    try (Scope scope = new Scope();
        Autograd.Mode paused = Autograd.paused()) {
      NDList parts = new NDList();
      int size = settings.teacher().sampleBatch();
      for (int from = 0; from < rows; from += size) {
        try (Scope inner = new Scope()) {
          parts.add(inner.keep(batch.make(from, (int) Math.min(rows, (long) from + size))));
        }
      }
      NDArray all = NDArrays.concat(parts, 0);
      all.attach(owner);
      return scope.keep(all);
    }
  }

  /** Keeps a stage's student. */
  void keep(String stage, StudentModel student, Weights trained) {
    Path folder = folder(stage).resolve(STUDENT);
    StudentFiles.write(folder, studentTuning(), trained, sampling(student));
  }

  /**
   * Makes a stage's student, which is kept, the run's result; whatever was the result before goes.
   */
  void export(String stage, StudentModel student, Weights trained) {
    Path target = settings.folder().resolve(EXPORT);
    Path mark = settings.folder().resolve("export.sha256");
    String hash = OdePairs.hash(folder(stage).resolve(STUDENT));
    try {
      if (StudentFiles.exists(target)
          && Files.exists(mark)
          && Files.readString(mark).equals(hash)) {
        return;
      }
      Files.deleteIfExists(mark);
      Folders.delete(target);
      export(target, student, trained, false, null);
      Folders.replace(mark, hash.getBytes(StandardCharsets.UTF_8));
    } catch (IOException e) {
      throw new UncheckedIOException("%s: cannot be written".formatted(target), e);
    }
  }

  /** The same for a student of an earlier attempt; nothing if it is the result already. */
  void exportKept(String stage) {
    Path folder = folder(stage).resolve(STUDENT);
    try (NDManager owner = manager.newSubManager()) {
      export(
          stage,
          StudentModel.of(teacher, StudentFiles.sampling(folder)),
          StudentFiles.trained(folder, studentTuning(), owner));
    }
  }

  /**
   * Writes the teacher's pipeline with the student in its place, or adapters over the teacher.
   *
   * @param merge whether adapters are added to the teacher's weights
   * @param precision {@code null} for the configuration's
   */
  void export(
      Path target,
      StudentModel student,
      Weights trained,
      boolean merge,
      @Nullable Precision precision) {
    Tuning tuning = studentTuning();
    if (tuning instanceof Tuning.LowRank && !merge) {
      if (precision != null && precision != Precision.FP32) {
        throw new SettingsException(
            List.of(
                "adapters are written in fp32, not %s. Merge them with --merge, or leave out the precision."
                    .formatted(precision.name().toLowerCase(Locale.ROOT))));
      }
      StudentFiles.write(target, tuning, trained, sampling(student));
      return;
    }
    try (NDManager host = NDManager.newBaseManager(Device.cpu())) {
      Weights complete = tuning.complete(trained, new Compute(host, Precision.FP32, false));
      teacher.export(
          target,
          Map.of(teacher.denoiserComponent(), complete),
          precision == null ? settings.student().precision() : precision,
          sampling(student));
    }
  }

  /** How others sample a student of this run, and what it was distilled for. */
  private StudentSampling sampling(StudentModel student) {
    return student.sampling().distilledFor(origin());
  }

  /** What this run's networks are trained for. */
  PipelineOrigin origin() {
    return new PipelineOrigin(settings.teacher().plugin(), settings.teacher().size());
  }

  /** Weights the codec runs with; none for a codec without a network. */
  Weights codecWeights() {
    String component = teacher.codec().component();
    return component == null
        ? new MapWeights("a codec without a network", Map.of())
        : supporting(Objects.requireNonNull(teacher.components().get(component)).weights());
  }

  @Override
  public void close() {
    conditionings.close();
    teacher.close();
    manager.close();
  }
}
