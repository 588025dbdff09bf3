package dmdx.losses;

import dmdx.api.DivergenceLoss;
import dmdx.api.DivergenceLossProvider;
import dmdx.api.settings.Settings;

/** Provides {@code dmd}. It has no settings. */
public final class DmdProvider implements DivergenceLossProvider {

  /** Stateless. */
  public DmdProvider() {}

  @Override
  public String name() {
    return "dmd";
  }

  @Override
  public String description() {
    return "distribution matching distillation: the reverse KL gradient, fake minus real estimate";
  }

  @Override
  public DivergenceLoss create(Settings settings) {
    settings.finish();
    return new DmdLoss();
  }
}
