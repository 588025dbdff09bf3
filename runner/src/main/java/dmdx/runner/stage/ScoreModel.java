package dmdx.runner.stage;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import dmdx.api.Conditioning;
import dmdx.api.Diffusion;
import dmdx.api.NoiseSchedule;
import dmdx.api.Parameterization;
import dmdx.api.Teacher;
import dmdx.api.network.Denoiser;
import dmdx.api.network.Pass;
import dmdx.nn.torch.Ops;

/**
 * A denoiser with the meaning of its output: the real score F, the fake score f, a student.
 *
 * @param denoiser the network
 * @param parameterization meaning of its output
 * @param schedule the path its inputs lie on
 */
record ScoreModel(Denoiser denoiser, Parameterization parameterization, NoiseSchedule schedule) {

  /** The real score: the teacher's own denoiser. */
  static ScoreModel of(Teacher teacher) {
    return new ScoreModel(teacher.denoiser(), teacher.parameterization(), teacher.schedule());
  }

  /** What is trained: the teacher's base in the teacher's terms. */
  static ScoreModel ofBase(Teacher teacher) {
    return new ScoreModel(
        teacher.studentBase().denoiser(), teacher.parameterization(), teacher.schedule());
  }

  /** The conditional output, in float32 whatever the network computes in. */
  NDArray output(Pass pass, NDArray xt, double[] t, Conditioning conditioning) {
    NDArray times = Diffusion.rows(xt, t, u -> u).reshape(new Shape(t.length));
    return pass.group(
        "denoiser",
        (p, in) -> Ops.cast(denoiser.forward(p, in[0], times, conditioning), DataType.FLOAT32),
        xt);
  }

  /**
   * The output, under classifier-free guidance where {@code guidance} has scales other than 1: both
   * halves in one batch {@code [unconditional; conditional]}.
   */
  NDArray output(Pass pass, NDArray xt, double[] t, Guidance guidance) {
    Conditioning unconditional = guidance.unconditional();
    if (unconditional == null || guidance.isNeutral()) {
      return output(pass, xt, t, guidance.conditioning());
    }
    int rows = t.length;
    double[] twice = new double[2 * rows];
    System.arraycopy(t, 0, twice, 0, rows);
    System.arraycopy(t, 0, twice, rows, rows);
    NDArray both =
        output(pass, xt.concat(xt, 0), twice, unconditional.concat(guidance.conditioning()));
    NDArray u = Ops.slice(both, 0, 0, rows);
    NDArray c = Ops.slice(both, 0, rows, 2L * rows);
    return Diffusion.guide(u, c, guidance.scale());
  }

  /** The clean estimate {@code x0_hat}. */
  NDArray clean(NDArray xt, NDArray output, double[] t) {
    return parameterization.x0(xt, output, t, schedule);
  }

  /** The PF-ODE step from {@code t} to {@code s}. */
  NDArray step(NDArray xt, NDArray output, double[] t, double[] s) {
    return Diffusion.step(xt, output, t, s, parameterization, schedule);
  }
}
