/** The SDXL teacher (and the Stable Diffusion 1.5 U-Net). Plugins export nothing. */
module dmdx.teacher.sdxl {
  requires dmdx.api;
  requires dmdx.nn;
}
