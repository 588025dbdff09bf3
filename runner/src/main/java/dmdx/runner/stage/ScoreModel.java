package dmdx.runner.stage;

import ai.djl.ndarray.NDArray;
import dmdx.api.Conditioning;
import dmdx.api.Diffusion;
import dmdx.api.NoiseSchedule;
import dmdx.api.Parameterization;
import dmdx.api.Sampler;
import dmdx.api.Teacher;
import dmdx.api.network.Denoiser;
import dmdx.api.network.Pass;
import dmdx.nn.torch.Scope;

/**
 * A score estimator in the teacher's own terms: the real score F and the fake score f.
 *
 * @param denoiser the teacher's architecture
 */
record ScoreModel(Denoiser denoiser, Parameterization parameterization, NoiseSchedule schedule) {

  static ScoreModel of(Teacher teacher) {
    return new ScoreModel(teacher.denoiser(), teacher.parameterization(), teacher.schedule());
  }

  /** The conditional output. */
  NDArray output(Pass pass, NDArray xt, double[] t, Conditioning conditioning) {
    return denoiser.forward(pass, xt, StudentModel.times(xt, t), conditioning);
  }

  /**
   * The output under classifier-free guidance, both halves in one batch {@code [unconditional;
   * conditional]}.
   *
   * @param scale guidance scale per row
   */
  NDArray guided(
      Pass pass,
      NDArray xt,
      double[] t,
      Conditioning conditioning,
      Conditioning unconditional,
      double[] scale) {
    int rows = t.length;
    double[] twice = new double[2 * rows];
    System.arraycopy(t, 0, twice, 0, rows);
    System.arraycopy(t, 0, twice, rows, rows);
    NDArray both = output(pass, xt.concat(xt, 0), twice, unconditional.concat(conditioning));
    NDArray u = dmdx.nn.torch.Ops.slice(both, 0, 0, rows);
    NDArray c = dmdx.nn.torch.Ops.slice(both, 0, rows, 2L * rows);
    return Diffusion.guide(u, c, scale);
  }

  /**
   * Clean latents by the teacher's sampler under guidance. Each evaluation frees what it made.
   *
   * @param scale guidance scale per row
   */
  NDArray sample(
      Sampler sampler,
      Pass pass,
      NDArray noise,
      Conditioning conditioning,
      Conditioning unconditional,
      double[] scale) {
    return sampler.sample(
        (x, t) -> {
          try (Scope evaluation = new Scope()) {
            double[] times = StudentModel.filled(x, t);
            return evaluation.keep(guided(pass, x, times, conditioning, unconditional, scale));
          }
        },
        noise);
  }

  NDArray clean(NDArray xt, NDArray output, double[] t) {
    return parameterization.x0(xt, output, t, schedule);
  }

  NDArray step(NDArray xt, NDArray output, double[] t, double[] s) {
    return Diffusion.step(xt, output, t, s, parameterization, schedule);
  }
}
