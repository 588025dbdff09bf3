/** Discriminator heads, adversarial losses and divergences. Everything is found as a service. */
module dmdx.losses {
  requires dmdx.api;
  requires dmdx.nn;

  provides dmdx.api.HeadsProvider with
      dmdx.losses.ConvHeadsProvider,
      dmdx.losses.MlpHeadsProvider;
  provides dmdx.api.AdversarialLoss with
      dmdx.losses.HingeLoss,
      dmdx.losses.SoftplusLoss;
  provides dmdx.api.DivergenceLossProvider with
      dmdx.losses.AdmProvider,
      dmdx.losses.DmdProvider,
      dmdx.losses.FisherProvider,
      dmdx.losses.JsSkewProvider,
      dmdx.losses.RectifiedFlowProvider,
      dmdx.losses.SoftplusGanProvider;
}
