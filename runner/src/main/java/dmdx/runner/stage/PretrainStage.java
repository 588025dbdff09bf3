package dmdx.runner.stage;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.NDScope;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import dmdx.api.Component;
import dmdx.api.Conditioning;
import dmdx.api.Diffusion;
import dmdx.api.NoiseSchedule;
import dmdx.api.Teacher;
import dmdx.api.network.Passes;
import dmdx.api.network.Weights;
import dmdx.api.settings.Names;
import dmdx.api.settings.SettingsException;
import dmdx.nn.data.ImageFolder;
import dmdx.nn.pipeline.ExportFolder;
import dmdx.nn.pipeline.PipelineOriginFile;
import dmdx.nn.torch.Autograd;
import dmdx.nn.torch.Ops;
import dmdx.nn.torch.Scope;
import dmdx.nn.weights.ForwardPass;
import dmdx.nn.weights.Noise;
import dmdx.nn.weights.TrainableWeights;
import dmdx.runner.train.Iteration;
import dmdx.runner.train.TrainableRole;
import dmdx.runner.train.TrainingPlan;
import dmdx.runner.train.Update;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.IntStream;

/**
 * Trains a teacher from scratch on images and captions (Eq. 2, Eq. 3): the denoiser and the text
 * encoders together, on latents of the frozen codec.
 */
final class PretrainStage implements Stage {
  static final String NAME = "pretrain";
  private final RunContext run;
  private final PretrainSettings settings;

  PretrainStage(RunContext run) {
    this.run = run;
    settings = Objects.requireNonNull(run.settings().pretrain());
  }

  @Override
  public String name() {
    return NAME;
  }

  @Override
  public StageOutline outline() {
    requireOutput();
    Teacher teacher = run.teacher();
    requireTrainable(teacher);
    StageOutline outline = run.outline(NAME);
    teacher
        .components()
        .forEach(
            (name, component) -> {
              if (name.equals(teacher.codec().component())) {
                outline.frozen(name, component.network());
              } else {
                outline.trained(
                    name, component.network(), settings.optimizer(), settings.ema() > 0);
              }
            });
    return outline
        .checkpoints(settings.training())
        .note(
            "%s of %s from %s"
                .formatted(
                    Names.count(settings.training().iterations(), "iteration"),
                    Names.count(settings.training().batch(), "image"),
                    settings.data()));
  }

  /** Refuses an output folder with something else in it before hours of training, not after. */
  private void requireOutput() {
    Path output = settings.output();
    String[] found = output.toFile().list();
    if (found != null && found.length > 0 && !PipelineOriginFile.exists(output)) {
      throw new SettingsException(
          List.of(
              "%s: 'pretrain.output' holds other files, such as %s. Give a folder that is empty or does not exist."
                  .formatted(output, found[0])));
    }
  }

  /** Refuses a teacher whose denoiser would stay as it is. */
  private void requireTrainable(Teacher teacher) {
    String plugin = run.settings().teacher().plugin();
    String denoiser = teacher.denoiserComponent();
    if (denoiser.equals(teacher.codec().component())) {
      throw new SettingsException(
          List.of(
              "teacher '%s': its codec runs with the component '%s', which is the denoiser and would be frozen as the codec's. A codec without a network must name no component: let its component() return null."
                  .formatted(plugin, denoiser)));
    }
    if (teacher.denoiser().parameters().isEmpty()) {
      throw new SettingsException(
          List.of(
              "teacher '%s': its denoiser has no weights, so there is nothing to train. Leave out the stage 'pretrain'."
                  .formatted(plugin)));
    }
  }

  /** The folder tells by a file of this stage's own that it is complete. */
  @Override
  public boolean isDone(RunContext context) {
    return PipelineOriginFile.exists(settings.output());
  }

  @Override
  public void run() {
    if (!isDone(run)) {
      rehearse();
    }
  }

  /** What follows does the same in a rehearsal, except that it writes nothing. */
  @Override
  public void rehearse() {
    requireTrainable(run.teacher());
    ImageFolder images =
        ImageFolder.read(
            settings.data(),
            run.settings().teacher().size().width(),
            run.settings().teacher().size().height());
    try (NDManager manager = run.manager().newSubManager()) {
      new Training(images, manager).execute();
    }
  }

  /** The stage while it runs. */
  private final class Training {
    private final ImageFolder images;
    private final NDManager manager;
    private final Teacher teacher = run.teacher();
    private final NoiseSchedule schedule = teacher.schedule();
    private final NDArray latents;

    Training(ImageFolder images, NDManager manager) {
      this.images = images;
      this.manager = manager;
      latents = encode();
    }

    /** Latents of all images; with mirroring, the mirrored ones follow. */
    private NDArray encode() {
      int orientations = settings.flip() ? 2 : 1;
      int size = run.settings().teacher().sampleBatch();
      try (Scope scope = new Scope();
          Autograd.Mode paused = Autograd.paused()) {
        if (run.trial() != null) { // one batch shows the memory of all
          NDArray unused = encode(0, size, false);
          return lasting(
              run.noise(NAME, "trial")
                  .gaussian(manager, run.latentShape(orientations * images.size())));
        }
        NDList parts = new NDList();
        for (int mirrored = 0; mirrored < orientations; mirrored++) {
          for (int from = 0; from < images.size(); from += size) {
            parts.add(encode(from, from + size, mirrored == 1));
          }
        }
        return lasting(NDArrays.concat(parts, 0));
      }
    }

    /** Latents of the images from one to another, as far as there are any. */
    private NDArray encode(int from, int to, boolean mirrored) {
      int[] rows = IntStream.range(from, Math.min(images.size(), to)).toArray();
      try (Scope batch = new Scope()) {
        NDArray pixels = images.batch(rows, manager);
        ForwardPass pass = ForwardPass.of(run.codecWeights(), manager);
        NDArray latents = teacher.codec().encode(pass, mirrored ? pixels.flip(3) : pixels);
        return batch.keep(Ops.cast(latents, DataType.FLOAT32));
      }
    }

    private NDArray lasting(NDArray x) {
      x.attach(manager);
      NDScope.unregister(x);
      return x;
    }

    void execute() {
      List<TrainableRole> roles = new ArrayList<>();
      try {
        for (Component component : teacher.components().values()) {
          if (!component.name().equals(teacher.codec().component())) {
            roles.add(role(component));
          }
        }
        List<String> names = roles.stream().map(TrainableRole::name).toList();
        Update denoise = new Update("denoise", names, 1, 0, Long.MAX_VALUE, it -> loss(it));
        TrainingSettings training = settings.training();
        TrainingPlan plan =
            new TrainingPlan(
                NAME, roles, List.of(denoise), training.iterations(), training.microBatches());
        new TrainingRun(run, plan, training).execute((file, n) -> draw(file, roles), null);
        if (run.trial() != null) {
          return;
        }
        try (Scope scope = new Scope()) {
          Map<String, Weights> trained = new LinkedHashMap<>();
          roles.forEach(role -> trained.put(role.name(), role.trained()));
          ExportFolder.write(
              settings.output(),
              aside -> {
                teacher.export(aside, trained, settings.precision(), null);
                Files.write(
                    aside.resolve(PipelineOriginFile.NAME), PipelineOriginFile.bytes(run.origin()));
              });
        }
      } finally {
        roles.forEach(TrainableRole::close);
      }
    }

    private TrainableRole role(Component component) {
      TrainableWeights weights =
          TrainableWeights.copyOf(
              component.network(), component.weights(), run.storage(settings.optimizer()), manager);
      return new TrainableRole(
          component.name(),
          component.network(),
          weights,
          run::computing,
          settings.optimizer(),
          settings.ema(),
          manager);
    }

    private NDArray loss(Iteration it) {
      int rows = settings.training().microBatch();
      Noise draws = it.noise("images");
      long[] indices = new long[rows];
      List<String> captions = new ArrayList<>(rows);
      double[] t = new double[rows];
      float[] kept = new float[rows];
      for (int i = 0; i < rows; i++) {
        int image = draws.below(images.size());
        boolean mirrored = settings.flip() && draws.uniform() < 0.5;
        indices[i] = (long) image + (mirrored ? images.size() : 0);
        captions.add(images.caption(image));
        t[i] = schedule.draw(0, draws.uniform());
        kept[i] = draws.uniform() < settings.dropout() ? 0 : 1;
      }
      NDArray x0 = Ops.indexSelect(latents, 0, it.manager().create(indices));
      NDArray eps = it.gaussian("eps", x0.getShape());
      NDArray xt = Diffusion.diffuse(x0, eps, t, schedule);
      Conditioning conditioning = conditioning(it::pass, captions, kept);
      ScoreModel score = ScoreModel.of(teacher);
      NDArray output = score.output(it.pass(teacher.denoiserComponent()), xt, t, conditioning);
      NDArray target = score.parameterization().target(x0, eps, t, schedule);
      return output.sub(target).square().mean();
    }

    /** Captions' conditioning, the unconditional one where a caption is dropped. */
    private Conditioning conditioning(Passes passes, List<String> captions, float[] kept) {
      Conditioning given =
          teacher.conditioner().encode(passes, captions, run.settings().teacher().size());
      Conditioning none =
          teacher.conditioner().unconditional(passes, kept.length, run.settings().teacher().size());
      return new Conditioning(mixed(given, none, kept));
    }

    private static Map<String, NDArray> mixed(Conditioning given, Conditioning none, float[] kept) {
      Map<String, NDArray> mixed = new LinkedHashMap<>();
      given
          .tensors()
          .forEach(
              (name, c) -> {
                long[] shape = new long[c.getShape().dimension()];
                java.util.Arrays.fill(shape, 1);
                shape[0] = kept.length;
                NDArray keep = Ops.constant(c, kept, new Shape(shape));
                NDArray u = none.get(name);
                mixed.put(name, u.add(c.sub(u).mul(keep)));
              });
      return mixed;
    }

    /** Samples of the model so far under guidance, one row per prompt. */
    private void draw(Path file, List<TrainableRole> roles) {
      try (Scope scope = new Scope();
          NDManager owner = run.manager().newSubManager()) {
        Map<String, Weights> weights = new LinkedHashMap<>();
        roles.forEach(role -> weights.put(role.name(), role.averaged()));
        new PretrainGrid(run, weights).draw(file, owner);
      }
    }
  }
}
