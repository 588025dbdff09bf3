package dmdx.losses;

import dmdx.api.DivergenceLoss;
import dmdx.api.DivergenceLossProvider;
import dmdx.api.settings.Settings;

/** Provides {@code fisher}. Setting {@code alpha}: see {@link FisherLoss}. */
public final class FisherProvider implements DivergenceLossProvider {

  /** Stateless. */
  public FisherProvider() {}

  @Override
  public String name() {
    return "fisher";
  }

  @Override
  public String description() {
    return "score identity distillation (SiD): the squared difference of the scores";
  }

  @Override
  public DivergenceLoss create(Settings settings) {
    double alpha = settings.number("alpha", -10, 10);
    settings.finish();
    return new FisherLoss(alpha);
  }
}
