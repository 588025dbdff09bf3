package dmdx.runner.stage;

import ai.djl.ndarray.NDArray;
import dmdx.api.Diffusion;
import dmdx.api.Sampler;
import dmdx.api.Teacher;
import dmdx.api.network.Pass;
import dmdx.nn.torch.Scope;

/**
 * The teacher's own multi-step sampler, guided as the teacher wants it.
 *
 * @param sampler with {@code steps} steps
 */
record TeacherSampler(Teacher teacher, Sampler sampler, int steps) {

  /**
   * @throws IllegalArgumentException if the teacher has no sampler of that name
   */
  static TeacherSampler of(Teacher teacher, String name, int steps) {
    return new TeacherSampler(teacher, teacher.sampler(name, steps), steps);
  }

  /** Clean latents under guidance. Each evaluation frees what it made. */
  NDArray sample(Pass pass, NDArray noise, Guidance guidance) {
    ScoreModel score = ScoreModel.of(teacher);
    return sampler.sample(
        (x, t) -> {
          try (Scope evaluation = new Scope()) {
            double[] times = Diffusion.filled(x, t);
            Guidance now = guidance.map(scale -> teacher.guidance(scale, t, steps));
            return evaluation.keep(score.output(pass, x, times, now));
          }
        },
        noise);
  }
}
