package dmdx.runner.stage;

import dmdx.api.Component;
import dmdx.api.Conditioner;
import dmdx.api.FeatureTap;
import dmdx.api.GuidanceRange;
import dmdx.api.LatentCodec;
import dmdx.api.NoiseSchedule;
import dmdx.api.Parameterization;
import dmdx.api.Precision;
import dmdx.api.Sampler;
import dmdx.api.StudentBase;
import dmdx.api.StudentSampling;
import dmdx.api.Teacher;
import dmdx.api.network.Denoiser;
import dmdx.api.network.Weights;
import dmdx.nn.dryrun.DryRun;
import dmdx.nn.weights.DryWeights;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A run's teacher for a trial: on weights without elements in a rehearsal, and not closed. */
final class TrialTeacher implements Teacher {
  private final Teacher teacher;
  private final Map<String, Component> components = new LinkedHashMap<>();
  private final StudentBase base;

  TrialTeacher(Teacher teacher, @Nullable DryRun dry) {
    this.teacher = teacher;
    if (dry == null) {
      components.putAll(teacher.components());
      base = teacher.studentBase();
      return;
    }
    teacher
        .components()
        .forEach(
            (name, c) ->
                components.put(
                    name, new Component(c.name(), c.network(), DryWeights.of(c.network(), dry))));
    StudentBase own = teacher.studentBase();
    Component shared =
        teacher.components().values().stream()
            .filter(c -> c.weights() == own.weights())
            .findFirst()
            .orElse(null);
    Component here = shared == null ? null : components.get(shared.name());
    base =
        new StudentBase(
            own.denoiser(), here == null ? DryWeights.of(own.denoiser(), dry) : here.weights());
  }

  @Override
  public Denoiser denoiser() {
    return teacher.denoiser();
  }

  @Override
  public String denoiserComponent() {
    return teacher.denoiserComponent();
  }

  @Override
  public Map<String, Component> components() {
    return components;
  }

  @Override
  public StudentBase studentBase() {
    return base;
  }

  @Override
  public NoiseSchedule schedule() {
    return teacher.schedule();
  }

  @Override
  public Parameterization parameterization() {
    return teacher.parameterization();
  }

  @Override
  public Conditioner conditioner() {
    return teacher.conditioner();
  }

  @Override
  public LatentCodec codec() {
    return teacher.codec();
  }

  @Override
  public Sampler sampler(String name, int steps) {
    return teacher.sampler(name, steps);
  }

  @Override
  public double guidance(double scale, double t, int steps) {
    return teacher.guidance(scale, t, steps);
  }

  @Override
  public String defaultSampler() {
    return teacher.defaultSampler();
  }

  @Override
  public List<String> samplers() {
    return teacher.samplers();
  }

  @Override
  public double[] studentTimesteps(int n) {
    return teacher.studentTimesteps(n);
  }

  @Override
  public List<FeatureTap> taps() {
    return teacher.taps();
  }

  @Override
  public List<String> loraTargets() {
    return teacher.loraTargets();
  }

  @Override
  public GuidanceRange recommendedGuidance() {
    return teacher.recommendedGuidance();
  }

  @Override
  public void export(
      Path folder,
      Map<String, Weights> replaced,
      Precision precision,
      @Nullable StudentSampling student) {
    throw new UnsupportedOperationException("a trial writes nothing");
  }

  @Override
  public void close() {
    // the teacher is the run's
  }
}
