package dmdx.runner.stage;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import dmdx.api.GuidanceRange;
import dmdx.api.settings.Names;
import dmdx.api.settings.SettingsException;
import dmdx.nn.torch.Scope;
import dmdx.nn.weights.Noise;
import dmdx.runner.report.Progress;
import dmdx.runner.train.StopRequest;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * Solves the teacher's PF-ODE from noise to clean latents and keeps the pairs. Every pair's noise,
 * prompt and guidance scale are a function of (run seed, pair number).
 */
final class CollectStage implements Stage {
  static final String NAME = "collect";
  private final RunContext run;
  private final CollectSettings settings;

  CollectStage(RunContext run) {
    this.run = run;
    settings = Objects.requireNonNull(run.settings().collect());
  }

  @Override
  public String name() {
    return NAME;
  }

  @Override
  public StageOutline outline() {
    TeacherSampler sampler =
        run.settings()
            .by(
                "collect.sampler",
                () -> TeacherSampler.of(run.teacher(), sampler(), settings.steps()));
    requireOde();
    long each = sampler.evaluations(guidance().high(), run.latentShape(1));
    return run.outline(NAME)
        .frozen(run.teacher().denoiserComponent(), run.teacher().denoiser())
        .leaves(settings.pairs() * 2L * Float.BYTES * run.latentShape(1).size())
        .note(
            "%s, %s, %s, guidance %s: %,d evaluations of the denoiser"
                .formatted(
                    Names.count(settings.pairs(), "pair"),
                    sampler(),
                    Names.count(settings.steps(), "step"),
                    scales(),
                    each * settings.pairs()));
  }

  /** A sampler that adds noise has no pairs: its latents are not those that the noise flows to. */
  private void requireOde() {
    if (isDeterministic(sampler())) {
      return;
    }
    List<String> choices =
        run.teacher().samplers().stream().filter(this::isDeterministic).sorted().toList();
    throw new SettingsException(
        List.of(
            "'collect.sampler' is %s%s, which adds fresh noise on the way; pairs need a deterministic sampler. Set it to one of: %s."
                .formatted(
                    sampler(),
                    settings.sampler() == null ? ", the teacher's own" : "",
                    String.join(", ", choices))));
  }

  private boolean isDeterministic(String name) {
    return run.teacher().sampler(name, settings.steps()).isDeterministic();
  }

  private String sampler() {
    return settings.sampler() == null ? run.teacher().defaultSampler() : settings.sampler();
  }

  private String scales() {
    GuidanceRange range = guidance();
    return range.low() == range.high()
        ? "" + range.low()
        : "%s to %s".formatted(range.low(), range.high());
  }

  private GuidanceRange guidance() {
    return run.guidance(settings.guidance());
  }

  /** The origin that pairs of this run must have. */
  static OdePairs.Origin origin(RunContext run) {
    CollectStage stage = new CollectStage(run);
    RunSettings.TeacherSettings teacher = run.settings().teacher();
    Shape latent = run.latentShape(1);
    List<Long> shape = new ArrayList<>();
    for (int axis = 1; axis < latent.dimension(); axis++) {
      shape.add(latent.get(axis));
    }
    return new OdePairs.Origin(
        teacher.plugin(),
        OdePairs.hash(teacher.path()),
        OdePairs.hash(run.prompts()),
        stage.sampler(),
        stage.settings.steps(),
        List.of(stage.guidance().low(), stage.guidance().high()),
        run.settings().seed(),
        shape,
        stage.settings.pairs(),
        stage.settings.shard());
  }

  @Override
  public boolean isDone(RunContext context) {
    return new OdePairs(run.folder(NAME)).isComplete(settings.pairs(), settings.shard());
  }

  @Override
  public void run() {
    OdePairs.Origin origin = origin(run);
    OdePairs pairs = new OdePairs(run.folder(NAME));
    pairs.begin(origin);
    try (Progress progress = Progress.start(NAME, settings.pairs())) {
      for (int shard = 0; shard < OdePairs.shards(origin); shard++) {
        int from = shard * settings.shard();
        int to = Math.min(settings.pairs(), from + settings.shard());
        if (!pairs.hasShard(shard)) {
          try (Scope scope = new Scope();
              NDManager manager = run.manager().newSubManager()) {
            pairs.write(shard, solve(from, to, manager, progress));
          }
        }
        progress.stepTo(to, Map.of());
      }
    }
  }

  @Override
  public void rehearse() {
    int rows = Math.min(settings.batch(), settings.pairs());
    int pairs = Math.min(settings.shard(), settings.pairs());
    try (Scope scope = new Scope();
        NDManager manager = run.manager().newSubManager();
        Progress none = Progress.silent()) {
      manager.create(run.latentShape(2 * pairs)); // a shard: noise and latents
      solve(0, rows, manager, none);
    }
  }

  private Map<String, NDArray> solve(int from, int to, NDManager manager, Progress progress) {
    TeacherSampler sampler = TeacherSampler.of(run.teacher(), sampler(), settings.steps());
    NDList z = new NDList();
    NDList x0 = new NDList();
    float[] scales = new float[to - from];
    long[] prompts = new long[to - from];
    for (int begin = from; begin < to; begin += settings.batch()) {
      StopRequest.check(
          "stopped after %s. Run again to go on.".formatted(Names.count(from, "pair")));
      int end = Math.min(to, begin + settings.batch());
      List<String> texts = new ArrayList<>();
      double[] guidance = new double[end - begin];
      NDList noise = new NDList();
      for (int pair = begin; pair < end; pair++) {
        Noise draws = run.noise(NAME, pair);
        int prompt = draws.below(run.prompts().prompts().size());
        texts.add(run.prompts().prompts().get(prompt));
        guidance[pair - begin] = guidance().at(draws.uniform());
        prompts[pair - from] = prompt;
        scales[pair - from] = (float) guidance[pair - begin];
        noise.add(draws.gaussian(manager, run.latentShape(1)));
      }
      NDArray batch = NDArrays.concat(noise, 0);
      z.add(batch);
      x0.add(run.teacherSamples(sampler, batch, texts, guidance, manager));
      progress.stepTo(end, Map.of());
    }
    return OdePairs.tensors(
        NDArrays.concat(z, 0),
        NDArrays.concat(x0, 0),
        manager.create(scales),
        manager.create(prompts));
  }
}
