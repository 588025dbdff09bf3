package dmdx.runner.stage;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dmdx.api.Conditioning;
import dmdx.api.Diffusion;
import dmdx.api.DivergenceLoss;
import dmdx.api.GuidanceRange;
import dmdx.api.NoiseSchedule;
import dmdx.api.ScoreEstimates;
import dmdx.api.network.Weights;
import dmdx.api.settings.SettingsException;
import dmdx.nn.torch.Autograd;
import dmdx.nn.torch.Scope;
import dmdx.nn.weights.ForwardPass;
import dmdx.nn.weights.Noise;
import dmdx.nn.weights.Storage;
import dmdx.nn.weights.Tape;
import dmdx.nn.weights.TrainableWeights;
import dmdx.runner.train.Iteration;
import dmdx.runner.train.TrainableRole;
import dmdx.runner.train.TrainingPlan;
import dmdx.runner.train.Update;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.OptionalDouble;
import org.jspecify.annotations.Nullable;

/**
 * Adversarial distribution matching (Sec. 4.1, Algorithm 1): fake score, student and critic in
 * turn. With another divergence the same stage runs other score distillation losses.
 */
final class AdmStage implements Stage {
  static final String NAME = "adm";
  private static final String STUDENT = RunContext.STUDENT;
  private static final String FAKE = "fake";
  private static final String CRITIC = "discriminator";

  private final RunContext run;
  private final AdmSettings settings;

  AdmStage(RunContext run) {
    this.run = run;
    settings = Objects.requireNonNull(run.settings().adm());
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
                run.settings().student().ema() > 0)
            .trained(FAKE, fakeTuning().trained(), settings.fake(), false);
    DivergenceLoss divergence = divergence();
    if (divergence.inputs().contains(DivergenceLoss.Input.ODE_PAIRS)) {
      throw new SettingsException(
          List.of(
              "'adm.divergence' is %s, which learns from ODE pairs; ADM has none. Set 'adp.divergence' to it, or choose another."
                  .formatted(settings.divergence())));
    }
    if (divergence.inputs().contains(DivergenceLoss.Input.DIFFERENTIABLE_REAL)
        && !settings.throughFake()) {
      throw new SettingsException(
          List.of(
              "'adm.through-fake' is false, but the divergence %s follows the gradient through both scores. Set it to true, or choose another divergence."
                  .formatted(settings.divergence())));
    }
    odeStep();
    requireGuidance();
    requireRank();
    if (divergence.hasCritic()) {
      outline.trained(
          CRITIC, run.latentDiscriminator(CRITIC).heads(), settings.discriminator(), false);
    }
    return run.files(outline, settings.training(), true)
        .note(
            "%d iterations of %d samples; fake score in every iteration, student in every %s from iteration %d; divergence %s"
                .formatted(
                    settings.training().iterations(),
                    settings.training().batch(),
                    settings.ttur() == 1 ? "one" : settings.ttur() + "th",
                    settings.fakeWarmup(),
                    settings.divergence()));
  }

  /** Adapters that imitate others need at least their rank; a stage that is done is left alone. */
  private void requireRank() {
    Tuning.Choice student = run.settings().student().tuning();
    if (!isDone(run)) {
      Tuning.Choice unused =
          run.settings().by("adm.fake.lora.rank", () -> settings.fakeTuning().noLessThan(student));
    }
  }

  /** T over the number of divisions, on the schedule's grid. */
  private double odeStep() {
    NoiseSchedule schedule = run.teacher().schedule();
    double step = schedule.snap(schedule.timeScale() / settings.divisions());
    if (!(step > 0)) {
      throw new SettingsException(
          List.of(
              "'adm.divisions' is %d, but the teacher's schedule has %s steps only. Choose fewer divisions."
                  .formatted(settings.divisions(), schedule.timeScale())));
    }
    return step;
  }

  /** A student with integrated guidance starts from the guided teacher, at scales of at least 1. */
  private void requireGuidance() {
    OptionalDouble offset = run.settings().student().guidanceOffset();
    if (offset.isEmpty()) {
      return;
    }
    GuidanceRange range = run.guidance(settings.guidance());
    if (range.low() - offset.getAsDouble() < 1) {
      throw new SettingsException(
          List.of(
              "'student.guidance-offset' is %s, which takes the real score's lowest guidance scale %s below 1. Lower the offset, or raise 'adm.guidance'."
                  .formatted(offset.getAsDouble(), range.low())));
    }
    if (!settings.start().equals("teacher")) {
      throw new SettingsException(
          List.of(
              "'student.guidance-offset' keeps guidance in the student, but 'adm.start' is %s, whose student has none. Set 'adm.start' to teacher, or leave out the offset."
                  .formatted(settings.start())));
    }
  }

  private Tuning fakeTuning() {
    return run.tuning("adm.fake", settings.fakeTuning());
  }

  private DivergenceLoss divergence() {
    return Checked.divergence(
        run.plugins().title("divergence", settings.divergence()),
        run.plugins().divergence(settings.divergence()).create(settings.own()));
  }

  @Override
  public void rehearse() {
    try (NDManager manager = run.manager().newSubManager()) {
      new Training(manager).execute();
    }
  }

  @Override
  public void run() {
    if (StudentFiles.exists(run.folder(NAME).resolve(STUDENT))) {
      run.exportKept(NAME);
      return;
    }
    try (NDManager manager = run.manager().newSubManager()) {
      new Training(manager).execute();
    }
  }

  /** The stage while it runs. */
  private final class Training {
    private final NDManager manager;
    private final ScoreModel real = ScoreModel.of(run.teacher());
    private final ScoreModel fake = ScoreModel.ofBase(run.teacher());
    private final NoiseSchedule schedule = run.teacher().schedule();
    private final DivergenceLoss divergence = divergence();
    private final DivergenceLoss probe = run.defaultDivergence("dmd");
    private final boolean throughFake =
        settings.throughFake()
            && divergence.inputs().contains(DivergenceLoss.Input.DIFFERENTIABLE_FAKE);
    private final boolean throughReal =
        divergence.inputs().contains(DivergenceLoss.Input.DIFFERENTIABLE_REAL);
    private final @Nullable Discriminator critic =
        divergence.hasCritic() ? run.latentDiscriminator(CRITIC) : null;
    private final double step = odeStep();
    private final GuidanceRange guidance = run.guidance(settings.guidance());
    private final OptionalDouble offset = run.settings().student().guidanceOffset();
    private final Map<String, Long> counted = new HashMap<>();
    private final StudentModel student = startingStudent();

    Training(NDManager manager) {
      this.manager = manager;
    }

    void execute() {
      List<TrainableRole> roles = new ArrayList<>();
      try {
        roles.add(studentRole());
        roles.add(fakeRole());
        int rate = settings.ttur();
        long start = settings.fakeWarmup();
        List<Update> updates = new ArrayList<>();
        updates.add(Update.always("fake", FAKE, this::fakeScore));
        updates.add(
            new Update("student", List.of(STUDENT), rate, start, Long.MAX_VALUE, this::generator));
        if (divergence.hasCritic()) {
          roles.add(run.headsRole(NAME, critic(), settings.discriminator(), manager));
          updates.add(
              new Update(
                  "discriminator",
                  List.of(CRITIC),
                  rate,
                  start,
                  Long.MAX_VALUE,
                  this::discriminator));
        }
        TrainingSettings training = settings.training();
        TrainingPlan plan =
            new TrainingPlan(NAME, roles, updates, training.iterations(), training.microBatches());
        Grids grids = new Grids(run);
        try (Monitor monitor =
            new Monitor(run, NAME, () -> student.withGuidance(sampledGuidance()), roles.get(0))) {
          new TrainingRun(run, plan, training)
              .execute(
                  (file, n) ->
                      grids.student(
                          file, student.withGuidance(sampledGuidance()), roles.get(0).averaged()),
                  monitor);
          if (run.trial() == null) {
            finish(monitor.result(manager));
          }
        }
      } finally {
        roles.forEach(TrainableRole::close);
      }
    }

    private void finish(Weights trained) {
      StudentModel finished = student.withGuidance(sampledGuidance());
      run.keep(NAME, finished, trained);
      run.export(NAME, finished, trained);
    }

    /** The scale a student with integrated guidance is sampled at: the middle of those it saw. */
    private double sampledGuidance() {
      return offset.isPresent() ? guidance.at(0.5) - offset.getAsDouble() : 1;
    }

    private StudentModel startingStudent() {
      double[] timesteps = run.studentTimesteps();
      if (!startsFromAdp()) {
        return StudentModel.ofTeacher(run.teacher(), timesteps);
      }
      return run.trial() == null
          ? StudentModel.of(run.teacher(), StudentFiles.sampling(adpStudent()))
          : StudentModel.onFlow(run.teacher(), timesteps);
    }

    private TrainableWeights startingWeights(Tuning tuning) {
      Storage storage = run.storage(settings.student());
      if (!startsFromAdp() || run.trial() != null) {
        return tuning.start(run.seed(NAME, STUDENT), storage, manager);
      }
      try (Scope scope = new Scope();
          NDManager owner = manager.newSubManager()) {
        Weights source = StudentFiles.trained(adpStudent(), tuning, owner);
        return TrainableWeights.copyOf(tuning.trained(), source, storage, manager);
      }
    }

    private boolean startsFromAdp() {
      return settings.start().equals(AdpStage.NAME);
    }

    private Path adpStudent() {
      return run.folder(AdpStage.NAME).resolve(STUDENT);
    }

    private TrainableRole studentRole() {
      Tuning tuning = run.studentTuning();
      double ema = run.settings().student().ema();
      return run.role(STUDENT, tuning, startingWeights(tuning), settings.student(), ema, manager);
    }

    private TrainableRole fakeRole() {
      Tuning tuning = fakeTuning();
      TrainableWeights weights =
          tuning.start(run.seed(NAME, FAKE), run.storage(settings.fake()), manager);
      return run.role(FAKE, tuning, weights, settings.fake(), 0, manager);
    }

    private Discriminator critic() {
      return Objects.requireNonNull(critic, "this divergence has no critic");
    }

    /** What a divergence counted in this update, such as gradient values that were not finite. */
    private void logCounters(Iteration it, String prefix, DivergenceLoss counting) {
      counting
          .counters()
          .forEach(
              (name, total) -> {
                Long before = counted.put(prefix + name, total);
                it.log(prefix + name, (double) (total - (before == null ? 0L : before)));
              });
    }

    private int rows() {
      return settings.training().microBatch();
    }

    /** The pre-training loss (Eq. 2, Eq. 3) on the student's own samples. */
    private NDArray fakeScore(Iteration it) {
      Guidance guided = offset.isPresent() ? lowered(guided(it, "fake/")) : unguided(it, "fake/");
      NDArray z = it.gaussian("fake/z", run.latentShape(rows()));
      NDArray x0;
      try (Scope scope = new Scope();
          Autograd.Mode paused = Autograd.paused()) {
        x0 = scope.keep(student.sample(it.constantPass(STUDENT), z, guided));
      }
      double[] t = times(it.noise("fake/t"), 0, schedule.horizon());
      NDArray eps = it.gaussian("fake/eps", x0.getShape());
      NDArray xt = Diffusion.diffuse(x0, eps, t, schedule);
      NDArray output = fake.output(it.pass(FAKE), xt, t, guided.conditioning());
      NDArray target = fake.parameterization().target(x0, eps, t, schedule);
      return output.sub(target).square().mean();
    }

    /**
     * Prompts of a batch, as the real score and the student see them.
     *
     * @param real under guidance, its scales drawn from the range
     */
    private record Prompting(Guidance real, Guidance student) {
      Conditioning conditioning() {
        return real.conditioning();
      }
    }

    private Prompting prompting(Iteration it) {
      Guidance real = guided(it, "");
      return new Prompting(
          real, offset.isPresent() ? lowered(real) : Guidance.none(real.conditioning()));
    }

    /** Prompts under the real score's guidance. */
    private Guidance guided(Iteration it, String stream) {
      Noise draws = it.noise(stream + "guidance");
      double[] scales = new double[rows()];
      for (int i = 0; i < scales.length; i++) {
        scales[i] = guidance.at(draws.uniform());
      }
      return run.guided(prompts(it, stream), scales, it.manager());
    }

    private Guidance unguided(Iteration it, String stream) {
      return Guidance.none(run.condition(prompts(it, stream), it.manager()));
    }

    /** With an integrated guidance the student's scale is the real score's less the offset. */
    private Guidance lowered(Guidance real) {
      return real.lowered(offset.getAsDouble());
    }

    private List<String> prompts(Iteration it, String stream) {
      return run.prompts().draw(rows(), it.noise(stream + "prompts"));
    }

    /** Uniform over the schedule's times from {@code low} to {@code high}. */
    private double[] times(Noise draws, double low, double high) {
      double above = (schedule.horizon() - high) / (schedule.horizon() - low);
      double[] t = new double[rows()];
      for (int i = 0; i < t.length; i++) {
        t[i] = schedule.draw(low, above + (1 - above) * draws.uniform());
      }
      return t;
    }

    private NDArray generator(Iteration it) {
      Drawn drawn = draw(it);
      NDArray clean =
          Tape.junction(
              student.clean(it.pass(STUDENT), drawn.xn(), drawn.tn(), drawn.prompting().student()));
      ScoreEstimates estimates = estimate(it, drawn, clean);
      it.share(
          Shared.class,
          new Shared(constant(it, estimates), drawn.prompting().conditioning().map(it::keep)));
      if (settings.probeEvery() > 0 && it.number() % settings.probeEvery() == 0) {
        try (Scope scope = new Scope();
            Autograd.Mode paused = Autograd.paused()) {
          it.log("dmd-loss", probe.generator(estimates, (x, t) -> List.of()));
          logCounters(it, "count/probe-", probe);
          it.log("score-cosine", cosine(estimates));
        }
      }
      NDArray loss =
          divergence.generator(
              estimates,
              (x, t) ->
                  critic().logits(it.constantPass(CRITIC), x, t, drawn.prompting().conditioning()));
      logCounters(it, "count/", divergence);
      return loss;
    }

    /** The critic learns from the generator's tensors. */
    private NDArray discriminator(Iteration it) {
      Shared shared = Objects.requireNonNull(it.shared(Shared.class));
      Conditioning conditioning = shared.conditioning();
      List<List<NDArray>> seen = new ArrayList<>();
      NDArray loss =
          divergence.critic(
              shared.estimates(),
              (x, t) -> {
                List<NDArray> logits = critic().logits(it.pass(CRITIC), x, t, conditioning);
                seen.add(logits);
                return logits;
              });
      if (seen.size() == 2) {
        LogitStatistics.log(it, "critic", seen.get(0), seen.get(1));
      }
      return loss;
    }

    private record Shared(ScoreEstimates estimates, Conditioning conditioning) {}

    /**
     * The point the student starts its last step from.
     *
     * @param xn {@code x_{t_n}}, reached by the student's own PF-ODE steps
     */
    private record Drawn(NDArray xn, double[] tn, Prompting prompting) {}

    private Drawn draw(Iteration it) {
      Prompting prompting = prompting(it);
      NDArray z = it.gaussian("z", run.latentShape(rows()));
      // one draw per iteration, shared by the batch (Algorithm 1)
      int n = run.noise(NAME, it.number(), "n").below(student.timesteps().length);
      NDArray xn;
      try (Scope scope = new Scope();
          Autograd.Mode paused = Autograd.paused()) {
        xn = scope.keep(student.rollout(it.constantPass(STUDENT), z, prompting.student(), n));
      }
      return new Drawn(xn, Diffusion.filled(xn, student.timesteps()[n]), prompting);
    }

    private ScoreEstimates estimate(Iteration it, Drawn drawn, NDArray clean) {
      double low = schedule.snap(settings.timeRange().get(0) * schedule.horizon());
      double high = settings.timeRange().get(1) * schedule.horizon();
      double[] t = times(it.noise("t"), Math.max(step, low), Math.max(step, high));
      double[] s = new double[t.length];
      for (int i = 0; i < t.length; i++) {
        s[i] = schedule.snap(t[i] - step);
      }
      NDArray eps = it.gaussian("eps", clean.getShape());
      NDArray xt = Tape.junction(Diffusion.diffuse(clean, eps, t, schedule));
      NDArray fakeOutput = fakeOutput(it, xt, t, drawn.prompting().conditioning());
      NDArray realClean;
      NDArray realStep;
      try (Scope scope = new Scope();
          Autograd.Mode mode = throughReal ? Autograd.recording() : Autograd.paused()) {
        NDArray point = throughReal ? xt : xt.stopGradient();
        NDArray output =
            real.output(it.pass(run.teacherWeights()), point, t, drawn.prompting().real());
        realClean = scope.keep(real.clean(point, output, t));
        realStep = scope.keep(real.step(point, output, t, s));
      }
      NDArray fakeClean = fake.clean(xt, fakeOutput, t);
      NDArray fakeStep = fake.step(xt, fakeOutput, t, s);
      return new ScoreEstimates(clean, t, s, fakeClean, realClean, fakeStep, realStep, null);
    }

    /** The fake score's output; its graph is kept only where the generator's gradient needs it. */
    private NDArray fakeOutput(Iteration it, NDArray xt, double[] t, Conditioning conditioning) {
      ForwardPass pass = it.constantPass(FAKE);
      if (throughFake) {
        return fake.output(pass, xt, t, conditioning);
      }
      try (Scope scope = new Scope();
          Autograd.Mode paused = Autograd.paused()) {
        return scope.keep(fake.output(pass, xt.stopGradient(), t, conditioning));
      }
    }

    private static ScoreEstimates constant(Iteration it, ScoreEstimates e) {
      return new ScoreEstimates(
          it.keep(e.student().stopGradient()),
          e.t(),
          e.s(),
          it.keep(e.requireFakeClean().stopGradient()),
          it.keep(e.requireRealClean().stopGradient()),
          it.keep(e.requireFakeStep().stopGradient()),
          it.keep(e.requireRealStep().stopGradient()),
          null);
    }

    /** Cosine of the two scores' displacements {@code x0_hat - x0(score)}. */
    private static double cosine(ScoreEstimates e) {
      NDArray real = e.requireRealClean().sub(e.student());
      NDArray fake = e.requireFakeClean().sub(e.student());
      double dot = real.mul(fake).sum().getFloat();
      double norms =
          Math.sqrt(real.square().sum().getFloat() * (double) fake.square().sum().getFloat());
      return norms == 0 ? 0 : dot / norms;
    }
  }
}
