package dmdx.losses;

import dmdx.api.DivergenceLoss;
import dmdx.api.DivergenceLossProvider;
import dmdx.api.settings.Settings;

/** Provides {@code adm}. It has no settings. */
public final class AdmProvider implements DivergenceLossProvider {

  /** Stateless. */
  public AdmProvider() {}

  @Override
  public String name() {
    return "adm";
  }

  @Override
  public String description() {
    return "adversarial distribution matching: a critic tells the two scores' ODE steps apart";
  }

  @Override
  public DivergenceLoss create(Settings settings) {
    settings.finish();
    return new AdmLoss();
  }
}
