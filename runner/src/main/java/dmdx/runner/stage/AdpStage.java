package dmdx.runner.stage;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dmdx.api.AdversarialLoss;
import dmdx.api.Conditioning;
import dmdx.api.Diffusion;
import dmdx.api.DiscriminatorBackbone;
import dmdx.api.DivergenceLoss;
import dmdx.api.NoiseSchedule;
import dmdx.api.ScoreEstimates;
import dmdx.api.network.Weights;
import dmdx.api.settings.Names;
import dmdx.nn.torch.Autograd;
import dmdx.nn.torch.Ops;
import dmdx.nn.weights.ForwardPass;
import dmdx.nn.weights.Noise;
import dmdx.nn.weights.Tape;
import dmdx.runner.train.Iteration;
import dmdx.runner.train.TrainableRole;
import dmdx.runner.train.TrainingPlan;
import dmdx.runner.train.Update;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Adversarial distillation pre-training (Sec. 4.2): the student learns the velocity of ODE pairs
 * against a latent discriminator on the teacher's backbone and a pixel discriminator.
 */
final class AdpStage implements Stage {
  static final String NAME = "adp";
  private static final String STUDENT = RunContext.STUDENT;
  private static final String LATENT = "latent-discriminator";
  private static final String PIXEL = "pixel-discriminator";

  private final RunContext run;
  private final AdpSettings settings;

  AdpStage(RunContext run) {
    this.run = run;
    settings = Objects.requireNonNull(run.settings().adp());
  }

  @Override
  public String name() {
    return NAME;
  }

  @Override
  public StageOutline outline() {
    Monitor.check(run);
    double[] unused = run.studentTimesteps(); // finds what is wrong with them
    StageOutline outline =
        run.outline(NAME)
            .frozen("teacher", run.teacher().denoiser())
            .trained(
                STUDENT,
                run.studentTuning().trained(),
                settings.student(),
                run.settings().student().ema() > 0);
    if (settings.adversarial()) {
      outline.trained(
          LATENT, run.latentDiscriminator(LATENT).heads(), settings.discriminator(), false);
      if (settings.pixelWeight() > 0) {
        Discriminator pixel = run.pixelDiscriminator(PIXEL);
        try (DiscriminatorBackbone backbone = pixel.backbone()) {
          outline.frozen("pixel backbone", backbone.network());
          outline.trained(PIXEL, pixel.heads(), settings.discriminator(), false);
        }
      }
    }
    return run.files(outline, settings.training(), isLast())
        .note(
            "%s of %s; %s"
                .formatted(
                    Names.count(settings.training().iterations(), "iteration"),
                    Names.count(settings.training().batch(), "pair"),
                    settings.adversarial()
                        ? "velocity regression until iteration %d, then student and discriminators in every iteration"
                            .formatted(settings.velocityWarmup())
                        : settings.divergence() + " in every iteration"));
  }

  @Override
  public void rehearse() {
    try (NDManager manager = run.manager().newSubManager();
        OdePairs.Opened none = new OdePairs.Opened(1, List.of(), List.of(0))) {
      new Training(none, manager).execute();
    }
  }

  @Override
  public void run() {
    if (StudentFiles.exists(run.folder(NAME).resolve(STUDENT))) {
      if (isLast()) {
        run.exportKept(NAME);
      }
      return;
    }
    OdePairs.Origin origin = CollectStage.origin(run);
    OdePairs files = new OdePairs(run.folder(CollectStage.NAME));
    files.requireComplete(origin);
    try (NDManager manager = run.manager().newSubManager();
        OdePairs.Opened pairs = files.open(origin, manager)) {
      new Training(pairs, manager).execute();
    }
  }

  /** Whether this stage's student is the run's result. */
  private boolean isLast() {
    return !run.settings().stages().contains(AdmStage.NAME);
  }

  /** The stage while it runs. */
  private final class Training {
    private final OdePairs.Opened pairs;
    private final NDManager manager;
    private final StudentModel student = StudentModel.onFlow(run.teacher(), run.studentTimesteps());
    private final AdversarialLoss adversarial = run.adversarial();
    private final DivergenceLoss regression = run.defaultDivergence(AdpSettings.REGRESSION);
    private final @Nullable Discriminator latent =
        settings.adversarial() ? run.latentDiscriminator(LATENT) : null;
    private final @Nullable Discriminator pixel =
        settings.adversarial() && settings.pixelWeight() > 0 ? run.pixelDiscriminator(PIXEL) : null;

    Training(OdePairs.Opened pairs, NDManager manager) {
      this.pairs = pairs;
      this.manager = manager;
    }

    void execute() {
      List<TrainableRole> roles = new ArrayList<>();
      try {
        roles.add(studentRole());
        List<Update> updates = new ArrayList<>();
        if (settings.adversarial()) {
          long start = settings.velocityWarmup();
          List<String> critics = new ArrayList<>();
          for (Discriminator discriminator : discriminators()) {
            roles.add(run.headsRole(NAME, discriminator, settings.discriminator(), manager));
            critics.add(discriminator.role());
          }
          if (start > 0) {
            updates.add(new Update("velocity", List.of(STUDENT), 1, 0, start, this::velocity));
          }
          updates.add(
              new Update("student", List.of(STUDENT), 1, start, Long.MAX_VALUE, this::generator));
          updates.add(
              new Update("discriminator", critics, 1, start, Long.MAX_VALUE, this::discriminator));
        } else {
          updates.add(Update.always("velocity", STUDENT, this::velocity));
        }
        TrainingSettings training = settings.training();
        TrainingPlan plan =
            new TrainingPlan(NAME, roles, updates, training.iterations(), training.microBatches());
        Grids grids = new Grids(run);
        try (Monitor monitor = new Monitor(run, NAME, () -> student, roles.get(0))) {
          new TrainingRun(run, plan, training)
              .execute((file, n) -> grids.student(file, student, roles.get(0).averaged()), monitor);
          if (run.trial() != null) {
            return;
          }
          Weights trained = monitor.result(manager);
          run.keep(NAME, student, trained);
          if (isLast()) {
            run.export(NAME, student, trained);
          }
        }
      } finally {
        roles.forEach(TrainableRole::close);
        if (pixel != null) {
          pixel.backbone().close();
        }
      }
    }

    private List<Discriminator> discriminators() {
      return Stream.of(latent, pixel).filter(Objects::nonNull).toList();
    }

    private TrainableRole studentRole() {
      Tuning tuning = run.studentTuning();
      return run.role(
          STUDENT,
          tuning,
          tuning.start(run.seed(NAME, STUDENT), run.storage(settings.student()), manager),
          settings.student(),
          run.settings().student().ema(),
          manager);
    }

    /** A micro-batch of pairs on the straight path. */
    private record Batch(NDArray x0, NDArray xt, double[] t, Conditioning conditioning) {}

    private Batch batch(Iteration it) {
      int rows = settings.training().microBatch();
      Noise draws = it.noise("pairs");
      int[] indices = new int[rows];
      double[] t = new double[rows];
      List<String> texts = new ArrayList<>(rows);
      for (int i = 0; i < rows; i++) {
        int index = draws.below(pairs.size());
        indices[i] = index;
        texts.add(run.prompts().prompts().get(pairs.prompts().get(index)));
        double u = draws.uniform();
        t[i] = (1 - Math.pow(u, settings.timestepPower())) * student.model().schedule().horizon();
      }
      NDArray x0 = rows("x0", indices, it);
      NDArray z = rows("z", indices, it);
      NDArray xt = Diffusion.diffuse(x0, z, t, student.model().schedule());
      return new Batch(x0, xt, t, run.condition(texts, it.manager()));
    }

    private NDArray rows(String tensor, int[] indices, Iteration it) {
      return run.trial() == null
          ? pairs.rows(tensor, indices, it.manager())
          : it.gaussian(tensor, run.latentShape(indices.length));
    }

    /** Regression of the pair's velocity: rectified flow. */
    private NDArray velocity(Iteration it) {
      Batch batch = batch(it);
      NDArray clean =
          student.clean(
              it.pass(STUDENT), batch.xt(), batch.t(), Guidance.none(batch.conditioning()));
      double[] fraction =
          Arrays.stream(batch.t()).map(t -> t / student.model().schedule().horizon()).toArray();
      return regression.generator(
          new ScoreEstimates(clean, fraction, fraction, null, null, null, null, batch.x0()),
          (x, t) -> {
            throw new IllegalStateException("rectified flow has no critic");
          });
    }

    /** What the discriminators compare; shared by both updates of an iteration. */
    private record Samples(
        NDArray fake, @Nullable NDArray fakePixels, NDArray real, Conditioning conditioning) {}

    /** {@code -(lambda_1 D_1(x0_hat_t') + lambda_2 D_2(decode(x0_hat)))}. */
    private NDArray generator(Iteration it) {
      Batch batch = batch(it);
      NDArray fake =
          Tape.junction(
              student.clean(
                  it.pass(STUDENT), batch.xt(), batch.t(), Guidance.none(batch.conditioning())));
      NDArray pixels = pixel == null ? null : decode(it, fake);
      it.share(
          Samples.class,
          new Samples(
              it.keep(fake.stopGradient()),
              pixels == null ? null : it.keep(pixels.stopGradient()),
              it.keep(batch.x0()),
              batch.conditioning().map(it::keep)));
      NDArray loss =
          Ops.times(
              adversarial.generator(
                  latentLogits(it, true, fake, "generator", batch.conditioning())),
              settings.latentWeight());
      if (pixel != null && pixels != null) {
        NDArray logits =
            adversarial.generator(pixel.logits(it.constantPass(PIXEL), pixels, null, null));
        loss = loss.add(Ops.times(logits, settings.pixelWeight()));
      }
      return loss;
    }

    /** Weighted hinge of both discriminators (Eq. 9, Eq. 10). */
    private NDArray discriminator(Iteration it) {
      Samples samples = Objects.requireNonNull(it.shared(Samples.class));
      List<NDArray> real = latentLogits(it, false, samples.real(), "real", samples.conditioning());
      List<NDArray> fake = latentLogits(it, false, samples.fake(), "fake", samples.conditioning());
      LogitStatistics.log(it, "latent", real, fake);
      NDArray loss = Ops.times(adversarial.discriminator(real, fake), settings.latentWeight());
      NDArray seen = samples.fakePixels();
      if (pixel != null && seen != null) {
        List<NDArray> realPixels =
            pixel.logits(it.pass(PIXEL), decoded(it, samples.real()), null, null);
        List<NDArray> fakePixels = pixel.logits(it.pass(PIXEL), seen, null, null);
        LogitStatistics.log(it, "pixel", realPixels, fakePixels);
        loss =
            loss.add(
                Ops.times(
                    adversarial.discriminator(realPixels, fakePixels), settings.pixelWeight()));
      }
      return loss;
    }

    /**
     * The latent discriminator's view: diffused along the teacher's schedule, {@code t' ~ U(0,T]}.
     */
    private List<NDArray> latentLogits(
        Iteration it, boolean constant, NDArray x, String stream, Conditioning conditioning) {
      NoiseSchedule schedule = run.teacher().schedule();
      Noise draws = it.noise("latent-time/" + (stream.equals("generator") ? stream : "pair"));
      double[] t = new double[(int) x.getShape().get(0)];
      for (int i = 0; i < t.length; i++) {
        t[i] = schedule.draw(schedule.lowest(), draws.uniform());
      }
      String noise = settings.freshNoise() || stream.equals("generator") ? stream : "pair";
      NDArray eps = it.gaussian("latent-noise/" + noise, x.getShape());
      NDArray xt = Diffusion.diffuse(x, eps, t, schedule);
      ForwardPass heads = constant ? it.constantPass(LATENT) : it.pass(LATENT);
      return Objects.requireNonNull(latent).logits(heads, xt, t, conditioning);
    }

    /** Pixels without a graph. */
    private NDArray decoded(Iteration it, NDArray latents) {
      try (Autograd.Mode paused = Autograd.paused()) {
        return decode(it, latents);
      }
    }

    private NDArray decode(Iteration it, NDArray latents) {
      return run.decode(it.pass(run.codecWeights()), latents);
    }
  }
}
