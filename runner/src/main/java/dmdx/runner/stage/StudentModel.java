package dmdx.runner.stage;

import ai.djl.ndarray.NDArray;
import dmdx.api.CheckpointException;
import dmdx.api.Diffusion;
import dmdx.api.FlowPrediction;
import dmdx.api.FlowSchedule;
import dmdx.api.NoiseSchedule;
import dmdx.api.Parameterization;
import dmdx.api.StudentSampling;
import dmdx.api.Teacher;
import dmdx.api.network.Denoiser;
import dmdx.api.network.Pass;
import dmdx.nn.pipeline.StudentSamplingFile;
import java.util.Arrays;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * A few-step generator.
 *
 * @param model the network, the meaning of its output and the path its inputs lie on
 * @param timesteps t_N … t_1, noisiest first
 * @param guidance guidance scale it is sampled with; 1 for none
 */
record StudentModel(ScoreModel model, double[] timesteps, double guidance) {

  static final String FLOW = "flow";
  static final String TEACHER = "teacher";

  /** A student that starts as the teacher: the teacher's schedule and parameterization. */
  static StudentModel ofTeacher(Teacher teacher, double[] timesteps) {
    return new StudentModel(ScoreModel.ofBase(teacher), timesteps, 1);
  }

  /**
   * A student on the straight path of ADP, predicting the pair's velocity (Sec. 4.2).
   *
   * @param own times of the teacher's schedule, which are stretched to the whole path
   */
  static StudentModel onFlow(Teacher teacher, double[] own) {
    NoiseSchedule schedule = teacher.schedule();
    double horizon = schedule.timeScale();
    return new StudentModel(
        new ScoreModel(
            teacher.studentBase().denoiser(), new FlowPrediction(), new FlowSchedule(horizon)),
        Arrays.stream(own).map(t -> horizon * (t / own[0])).toArray(),
        1);
  }

  /**
   * The student another stage wrote.
   *
   * @throws CheckpointException if the parameterization or schedule is unknown here
   */
  static StudentModel of(Teacher teacher, StudentSampling sampling) {
    Map<String, Parameterization> known = new TreeMap<>();
    Parameterization.builtIn().forEach(p -> known.put(p.name(), p));
    known.put(teacher.parameterization().name(), teacher.parameterization());
    Parameterization parameterization = known.get(sampling.parameterization());
    if (parameterization == null) {
      throw unknown("parameterization", sampling.parameterization(), known.keySet());
    }
    Map<String, NoiseSchedule> schedules =
        Map.of(FLOW, new FlowSchedule(teacher.schedule().timeScale()), TEACHER, teacher.schedule());
    NoiseSchedule schedule = schedules.get(sampling.schedule());
    if (schedule == null) {
      throw unknown("schedule", sampling.schedule(), schedules.keySet());
    }
    double[] timesteps = sampling.timesteps().stream().mapToDouble(t -> t).toArray();
    return new StudentModel(
        new ScoreModel(teacher.studentBase().denoiser(), parameterization, schedule),
        timesteps,
        sampling.guidance());
  }

  private static CheckpointException unknown(String what, String found, Set<String> known) {
    return new CheckpointException(
        "%s: %s '%s' is unknown; known are %s. Use the plugin the student was distilled with."
            .formatted(StudentSamplingFile.NAME, what, found, String.join(", ", known)));
  }

  StudentSampling sampling() {
    return new StudentSampling(
        model.parameterization().name(),
        model.schedule() instanceof FlowSchedule
                && model.parameterization() instanceof FlowPrediction
            ? FLOW
            : TEACHER,
        Arrays.stream(timesteps).boxed().toList(),
        guidance);
  }

  StudentModel withGuidance(double scale) {
    return new StudentModel(model, timesteps, scale);
  }

  Denoiser denoiser() {
    return model.denoiser();
  }

  /** Network evaluations a sample takes. */
  int evaluations() {
    return guidance > 1 ? 2 * timesteps.length : timesteps.length;
  }

  /** The clean estimate {@code x0_hat} at {@code (x_t, t)}. */
  NDArray clean(Pass pass, NDArray xt, double[] t, Guidance guidance) {
    return model.clean(xt, model.output(pass, xt, t, guidance), t);
  }

  /**
   * PF-ODE steps from the noise down to step {@code index}: {@code x_{t_N} -> … -> x_{t_index}}.
   *
   * @param index 0 returns the noise itself
   */
  NDArray rollout(Pass pass, NDArray noise, Guidance guidance, int index) {
    NDArray x = noise;
    for (int i = 0; i < index; i++) {
      double[] t = Diffusion.filled(x, timesteps[i]);
      NDArray output = model.output(pass, x, t, guidance);
      x = model.step(x, output, t, Diffusion.filled(x, timesteps[i + 1]));
    }
    return x;
  }

  /** Clean latents from noise, in all the student's steps. */
  NDArray sample(Pass pass, NDArray noise, Guidance guidance) {
    int last = timesteps.length - 1;
    NDArray x = rollout(pass, noise, guidance, last);
    return clean(pass, x, Diffusion.filled(x, timesteps[last]), guidance);
  }
}
