/** A plugin for DMDX: Gaussian mixtures of the plane as teachers. */
module dmdx.mixture {
  requires dmdx.nn;

  provides dmdx.api.TeacherProvider with
      dmdx.mixture.MixtureTeacher;
}
