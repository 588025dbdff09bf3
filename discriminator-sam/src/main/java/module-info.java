/** The SAM image encoder as a pixel discriminator's backbone. Everything is found as a service. */
module dmdx.discriminator.sam {
  requires dmdx.api;
  requires dmdx.nn;

  provides dmdx.api.BackboneProvider with
      dmdx.discriminator.sam.SamBackboneProvider;
  provides dmdx.nn.parity.ReferenceCheck with
      dmdx.discriminator.sam.SamPreprocessorReference;
  provides dmdx.nn.parity.ReferenceNetworkProvider with
      dmdx.discriminator.sam.SamReferenceProvider;
}
