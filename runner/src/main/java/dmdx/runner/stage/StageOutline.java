package dmdx.runner.stage;

import dmdx.api.network.Network;
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
   * @param averaged whether a running mean is kept
   */
  public record RoleOutline(String role, long parameters, boolean trained, boolean averaged) {
    /** Float32 weights, and for trained roles gradient, AdamW's two moments and the mean. */
    public long bytes() {
      int copies = 1 + (trained ? 3 : 0) + (averaged ? 1 : 0);
      return 4 * parameters * copies;
    }
  }

  static StageOutline of(String stage) {
    return new StageOutline(stage);
  }

  StageOutline frozen(String role, Network network) {
    roles.add(new RoleOutline(role, network.parameterCount(), false, false));
    return this;
  }

  StageOutline trained(String role, Network network, boolean averaged) {
    roles.add(new RoleOutline(role, network.parameterCount(), true, averaged));
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
