package dmdx.losses;

import dmdx.api.DivergenceLoss;
import dmdx.api.DivergenceLossProvider;
import dmdx.api.settings.Settings;

/** Provides {@code js-skew}. Setting {@code alpha}: see {@link JsSkewLoss}. */
public final class JsSkewProvider implements DivergenceLossProvider {

  /** Stateless. */
  public JsSkewProvider() {}

  @Override
  public String name() {
    return "js-skew";
  }

  @Override
  public String description() {
    return "score-mixture distillation (SMD): the skewed Jensen-Shannon divergence, weighted by a critic";
  }

  @Override
  public DivergenceLoss create(Settings settings) {
    double alpha = settings.number("alpha", 0.001, 0.999);
    settings.finish();
    return new JsSkewLoss(alpha);
  }
}
