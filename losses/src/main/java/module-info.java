/** Discriminator heads, adversarial losses and divergences. Everything is found as a service. */
module dmdx.losses {
  requires dmdx.api;
  requires dmdx.nn;

  provides dmdx.api.HeadsProvider with
      dmdx.losses.ConvHeadsProvider;
  provides dmdx.api.AdversarialLoss with
      dmdx.losses.HingeLoss;
  provides dmdx.api.DivergenceLossProvider with
      dmdx.losses.AdmProvider,
      dmdx.losses.DmdProvider,
      dmdx.losses.RectifiedFlowProvider;
}
