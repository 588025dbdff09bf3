package dmdx.runner.stage;

import dmdx.api.Precision;
import dmdx.api.network.Network;
import dmdx.nn.weights.DType;
import dmdx.runner.train.OptimizerSettings;
import dmdx.runner.train.OptimizerSettings.Offload;
import java.util.ArrayList;
import java.util.List;

/** What a stage uses and does, for {@code dmdx plan}. */
public final class StageOutline {
  private final String stage;
  private final Precision precision;
  private final Offload frozenOffload;
  private final List<RoleOutline> roles = new ArrayList<>();
  private final List<String> notes = new ArrayList<>();
  private long filesKept;
  private long filesAside;

  private StageOutline(String stage, Precision precision, Offload frozenOffload) {
    this.stage = stage;
    this.precision = precision;
    this.frozenOffload = frozenOffload;
  }

  /**
   * A network in a stage.
   *
   * @param role role name
   * @param parameters number of scalars
   * @param trained whether it has gradients and optimizer state of its own
   * @param moments tensors of the same size that the optimizer keeps
   * @param averaged whether there is a running mean of the weights
   * @param width bytes of a weight: 4, unless frozen in a shorter type
   * @param offload where it lies
   */
  public record RoleOutline(
      String role,
      long parameters,
      boolean trained,
      int moments,
      boolean averaged,
      int width,
      Offload offload) {
    /** Of the weights and all that is kept beside them: gradient, moments, running mean. */
    public long bytes() {
      return state() + (trained ? size() : 0);
    }

    /** Of the weights and what is kept of them from one iteration to the next. */
    long state() {
      return trained ? size() * (1 + moments + (averaged ? 1 : 0)) : size();
    }

    private long size() {
      return width * parameters;
    }
  }

  /**
   * @param precision what networks compute in
   * @param frozenOffload where weights lie that are not trained
   */
  static StageOutline of(String stage, Precision precision, Offload frozenOffload) {
    return new StageOutline(stage, precision, frozenOffload);
  }

  StageOutline frozen(String role, Network network) {
    int width = DType.of(precision).bytes();
    roles.add(
        new RoleOutline(role, network.parameterCount(), false, 0, false, width, frozenOffload));
    return this;
  }

  /** A trained role: AdamW keeps a second moment, and a first where beta1 is not 0. */
  StageOutline trained(
      String role, Network network, OptimizerSettings optimizer, boolean averaged) {
    int moments = optimizer.betas().get(0) > 0 ? 2 : 1;
    roles.add(
        new RoleOutline(
            role,
            network.parameterCount(),
            true,
            moments,
            averaged,
            Float.BYTES,
            optimizer.offload()));
    return this;
  }

  /** Leaves that many bytes in the run's folder. */
  StageOutline leaves(long bytes) {
    filesKept += bytes;
    return this;
  }

  /** Leaves a file of that many bytes that takes the place of an earlier one. */
  StageOutline replaces(long bytes) {
    filesAside = Math.max(filesAside, bytes);
    return leaves(bytes);
  }

  /** Leaves checkpoints of the trained roles so far. */
  StageOutline checkpoints(TrainingSettings training) {
    long each = roles.stream().filter(RoleOutline::trained).mapToLong(RoleOutline::state).sum();
    long every = training.checkpointEvery();
    long written = (training.iterations() + every - 1) / every;
    long kept = Math.min(written, training.checkpointsKept());
    leaves((kept - 1) * each);
    return written > kept ? replaces(each) : leaves(each);
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

  /** What the stage writes to disk, about. */
  StageFiles files() {
    long scratch =
        roles.stream()
            .filter(role -> role.offload() == Offload.DISK)
            .mapToLong(RoleOutline::bytes)
            .sum();
    return new StageFiles(scratch, filesKept, filesAside);
  }

  public List<String> notes() {
    return notes;
  }
}
