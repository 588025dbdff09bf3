package dmdx.losses;

import dmdx.api.DivergenceLoss;
import dmdx.api.DivergenceLossProvider;
import dmdx.api.settings.Settings;

/** Provides {@code rectified-flow}. Setting {@code min-time}: see {@link RectifiedFlowLoss}. */
public final class RectifiedFlowProvider implements DivergenceLossProvider {

  /** Stateless. */
  public RectifiedFlowProvider() {}

  @Override
  public String name() {
    return "rectified-flow";
  }

  @Override
  public String description() {
    return "velocity regression on ODE pairs, without a discriminator (ablation A1)";
  }

  @Override
  public DivergenceLoss create(Settings settings) {
    double minTime = settings.number("min-time", 1e-6, 1);
    settings.finish();
    return new RectifiedFlowLoss(minTime);
  }
}
