/**
 * The DINOv2 image encoder as a pixel discriminator's backbone. Everything is found as a service.
 */
@SuppressWarnings("module") // the digit is the model's own
module dmdx.discriminator.dinov2 {
  requires dmdx.api;
  requires dmdx.nn;

  provides dmdx.api.BackboneProvider with
      dmdx.discriminator.dinov2.Dinov2BackboneProvider;
  provides dmdx.nn.parity.ReferenceNetworkProvider with
      dmdx.discriminator.dinov2.Dinov2ReferenceProvider;
}
