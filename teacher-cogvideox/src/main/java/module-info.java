/** The CogVideoX teacher. A plugin: it exports nothing, everything is found as a service. */
module dmdx.teacher.cogvideox {
  requires dmdx.api;
  requires dmdx.nn;

  provides dmdx.api.TeacherProvider with
      dmdx.teacher.cogvideox.CogVideoXTeacherProvider;
  provides dmdx.nn.parity.ReferenceCheck with
      dmdx.teacher.cogvideox.CogVideoXConditioningReference,
      dmdx.teacher.cogvideox.transformer.RotationReference;
  provides dmdx.nn.parity.ReferenceNetworkProvider with
      dmdx.teacher.cogvideox.transformer.CogVideoXTransformerReference;
}
