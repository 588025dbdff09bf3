package dmdx.losses;

import dmdx.api.DivergenceLoss;
import dmdx.api.DivergenceLossProvider;
import dmdx.api.settings.Settings;
import java.util.List;

/**
 * Provides {@code adm}. Setting {@code objective}: {@code hinge} (the paper's) or {@code softplus}.
 */
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
    String objective = settings.choice("objective", List.of("hinge", "softplus"));
    settings.finish();
    return new AdmLoss(objective.equals("hinge") ? new HingeLoss() : new SoftplusLoss());
  }
}
