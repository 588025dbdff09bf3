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
   * @param states tensors of the same size beside the weights: gradient, moments, running mean
   */
  public record RoleOutline(String role, long parameters, boolean trained, int states) {
    /** Of the float32 weights and all that is kept beside them. */
    public long bytes() {
      int copies = 1 + states;
      return 4 * parameters * copies;
    }
  }

  static StageOutline of(String stage) {
    return new StageOutline(stage);
  }

  StageOutline frozen(String role, Network network) {
    roles.add(new RoleOutline(role, network.parameterCount(), false, 0));
    return this;
  }

  /** A trained role: its gradient, AdamW's second moment, the first where beta1 is not 0. */
  StageOutline trained(
      String role, Network network, OptimizerSettings optimizer, boolean averaged) {
    int states = 2 + (optimizer.betas().get(0) > 0 ? 1 : 0) + (averaged ? 1 : 0);
    roles.add(new RoleOutline(role, network.parameterCount(), true, states));
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
