/** The SDXL teacher. A plugin: it exports nothing, everything is found as a service. */
module dmdx.teacher.sdxl {
  requires dmdx.api;
  requires dmdx.nn;
  requires static com.sun.jna; // of a benchmark alone

  provides dmdx.api.TeacherProvider with
      dmdx.teacher.sdxl.SdxlTeacherProvider;
  provides dmdx.nn.parity.ReferenceCheck with
      dmdx.teacher.sdxl.SdxlConditioningReference;
  provides dmdx.nn.parity.ReferenceNetworkProvider with
      dmdx.teacher.sdxl.unet.UNetReference;
}
