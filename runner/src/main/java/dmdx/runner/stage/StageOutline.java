package dmdx.runner.stage;

import dmdx.api.network.Network;
import dmdx.runner.train.OptimizerSettings;
import java.util.ArrayList;
import java.util.List;

/** What a stage uses and does, for {@code dmdx plan}. */
public final class StageOutline {
  private final String stage;
  private final List<RoleOutline> roles = new ArrayList<>();
  private final List<String> notes = new ArrayList<>();

  private StageOutline(String stage) {
    this.stage = stage;
  }

  /**
   * A network in a stage.
   *
   * @param role role name
   * @param parameters number of scalars
   * @param trained whether it has gradients and optimizer state of its own
   * @param moments tensors of the same size that the optimizer keeps
   * @param averaged whether there is a running mean of the weights
   */
  public record RoleOutline(
      String role, long parameters, boolean trained, int moments, boolean averaged) {}

  static StageOutline of(String stage) {
    return new StageOutline(stage);
  }

  StageOutline frozen(String role, Network network) {
    roles.add(new RoleOutline(role, network.parameterCount(), false, 0, false));
    return this;
  }

  /** A trained role: AdamW keeps a second moment, and a first where beta1 is not 0. */
  StageOutline trained(
      String role, Network network, OptimizerSettings optimizer, boolean averaged) {
    int moments = optimizer.betas().get(0) > 0 ? 2 : 1;
    roles.add(new RoleOutline(role, network.parameterCount(), true, moments, averaged));
    return this;
  }

  StageOutline note(String note) {
    notes.add(note);
    return this;
  }

  public String stage() {
    return stage;
  }

  public List<RoleOutline> roles() {
    return roles;
  }

  public List<String> notes() {
    return notes;
  }
}
