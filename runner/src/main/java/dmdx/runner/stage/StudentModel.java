package dmdx.runner.stage;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import dmdx.api.CheckpointException;
import dmdx.api.Conditioning;
import dmdx.api.Diffusion;
import dmdx.api.FlowPrediction;
import dmdx.api.FlowSchedule;
import dmdx.api.NoiseSchedule;
import dmdx.api.Parameterization;
import dmdx.api.StudentSampling;
import dmdx.api.Teacher;
import dmdx.api.network.Denoiser;
import dmdx.api.network.Pass;
import java.util.Arrays;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * A denoiser with the meaning of its output: what turns it into a generator.
 *
 * @param denoiser the network
 * @param parameterization meaning of its output
 * @param schedule the path its inputs lie on
 * @param timesteps t_N … t_1, noisiest first
 */
record StudentModel(
    Denoiser denoiser,
    Parameterization parameterization,
    NoiseSchedule schedule,
    double[] timesteps) {

  static final String FLOW = "flow";
  static final String TEACHER = "teacher";

  /** A student that starts as the teacher: the teacher's schedule and parameterization. */
  static StudentModel ofTeacher(Teacher teacher, int steps) {
    return new StudentModel(
        teacher.denoiser(),
        teacher.parameterization(),
        teacher.schedule(),
        teacher.studentTimesteps(steps));
  }

  /** A student on the straight path of ADP, predicting the pair's velocity (Sec. 4.2). */
  static StudentModel onFlow(Teacher teacher, int steps) {
    NoiseSchedule schedule = teacher.schedule();
    double[] own = teacher.studentTimesteps(steps);
    double horizon = schedule.timeScale();
    return new StudentModel(
        teacher.denoiser(),
        new FlowPrediction(),
        new FlowSchedule(horizon),
        Arrays.stream(own).map(t -> horizon * (t / own[0])).toArray());
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
    return new StudentModel(teacher.denoiser(), parameterization, schedule, timesteps);
  }

  private static CheckpointException unknown(String what, String found, Set<String> known) {
    return new CheckpointException(
        "%s: %s '%s' is unknown; known are %s. Use the plugin the student was distilled with."
            .formatted(StudentFiles.SAMPLING, what, found, String.join(", ", known)));
  }

  StudentSampling sampling() {
    return new StudentSampling(
        parameterization.name(),
        schedule instanceof FlowSchedule && parameterization instanceof FlowPrediction
            ? FLOW
            : TEACHER,
        Arrays.stream(timesteps).boxed().toList());
  }

  /** The network's output at {@code (x_t, t)}. */
  NDArray output(Pass pass, NDArray xt, double[] t, Conditioning conditioning) {
    return denoiser.forward(pass, xt, times(xt, t), conditioning);
  }

  /** The clean estimate {@code x0_hat} at {@code (x_t, t)}. */
  NDArray clean(Pass pass, NDArray xt, double[] t, Conditioning conditioning) {
    return parameterization.x0(xt, output(pass, xt, t, conditioning), t, schedule);
  }

  /**
   * PF-ODE steps from the noise down to step {@code index}: {@code x_{t_N} -> … -> x_{t_index}}.
   *
   * @param index 0 returns the noise itself
   */
  NDArray rollout(Pass pass, NDArray noise, Conditioning conditioning, int index) {
    NDArray x = noise;
    for (int i = 0; i < index; i++) {
      double[] t = filled(x, timesteps[i]);
      NDArray output = output(pass, x, t, conditioning);
      x = Diffusion.step(x, output, t, filled(x, timesteps[i + 1]), parameterization, schedule);
    }
    return x;
  }

  /** Clean latents from noise, in all the student's steps. */
  NDArray sample(Pass pass, NDArray noise, Conditioning conditioning) {
    int last = timesteps.length - 1;
    NDArray x = rollout(pass, noise, conditioning, last);
    return clean(pass, x, filled(x, timesteps[last]), conditioning);
  }

  static double[] filled(NDArray rows, double value) {
    double[] t = new double[(int) rows.getShape().get(0)];
    Arrays.fill(t, value);
    return t;
  }

  /** Network timesteps {@code [B]}, float32, on the device of {@code like}. */
  static NDArray times(NDArray like, double[] t) {
    return Diffusion.rows(like, t, u -> u).reshape(new Shape(t.length));
  }
}
