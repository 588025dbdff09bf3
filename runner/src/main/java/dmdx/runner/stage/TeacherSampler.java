package dmdx.runner.stage;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
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

  /**
   * Evaluations of the denoiser that a sample takes: two a step, but one where the scale is 1.
   *
   * @param scale guidance scale asked for
   * @param latent shape of a sample
   */
  int evaluations(double scale, Shape latent) {
    int[] count = new int[1];
    try (Scope scope = new Scope();
        NDManager host = NDManager.newBaseManager(Device.cpu())) {
      NDArray unused =
          sampler.sample(
              (x, t) -> {
                count[0] += teacher.guidance(scale, t, steps) == 1 ? 1 : 2;
                return x.zerosLike();
              },
              host.zeros(latent));
    }
    return count[0];
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
