/**
 * The Stable Diffusion 3 teacher. A plugin: it exports nothing, everything is found as a service.
 */
@SuppressWarnings("module") // the model's name ends in a digit
module dmdx.teacher.sd3 {
  requires dmdx.api;
  requires dmdx.nn;

  provides dmdx.api.TeacherProvider with
      dmdx.teacher.sd3.Sd3TeacherProvider;
  provides dmdx.nn.parity.ReferenceCheck with
      dmdx.teacher.sd3.Sd3ConditioningReference;
  provides dmdx.nn.parity.ReferenceNetworkProvider with
      dmdx.teacher.sd3.transformer.Sd3TransformerReference;
}
