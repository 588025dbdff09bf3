package dmdx.losses;

import dmdx.api.DivergenceLoss;
import dmdx.api.DivergenceLossProvider;
import dmdx.api.settings.Settings;

/**
 * Provides {@code softplus-gan}. Settings {@code weight} and {@code dmd-weight}: see {@link
 * SoftplusGanLoss}.
 */
public final class SoftplusGanProvider implements DivergenceLossProvider {

  /** Stateless. */
  public SoftplusGanProvider() {}

  @Override
  public String name() {
    return "softplus-gan";
  }

  @Override
  public String description() {
    return "DMD2: the reverse KL gradient with a non-saturating GAN loss beside it";
  }

  @Override
  public DivergenceLoss create(Settings settings) {
    double weight = settings.number("weight", 1e-6, 1e6);
    double dmdWeight = settings.number("dmd-weight", 0, 1e6);
    settings.finish();
    return SoftplusGanLoss.of(dmdWeight, weight);
  }
}
