package dmdx.runner.stage;

import dmdx.nn.dryrun.DryRun;
import dmdx.nn.torch.Autograd;
import dmdx.runner.train.OptimizerSettings.Offload;
import java.util.ArrayList;
import java.util.List;

/** Predicts the memory of stages by running them on arrays without elements. */
final class Rehearsal {
  /** Resident bytes of the process before any tensor: heap, code, libtorch. Measured. */
  private static final long PROCESS = 385L << 20;

  /** What a process takes of a GPU before any tensor: CUDA's context and kernels. An estimate. */
  private static final long CONTEXT = 512L << 20;

  /** What the allocator holds of memory that was freed, for every byte in use. Measured. */
  private static final double SLACK = 0.2;

  private Rehearsal() {}

  /**
   * @param stages of a run that is a rehearsal
   */
  static List<StageMemory> of(List<Stage> stages, DryRun dry) {
    List<StageMemory> needs = new ArrayList<>();
    for (Stage stage : stages) {
      dry.resetPeak();
      try (Autograd.Mode off = Autograd.paused()) {
        stage.rehearse();
      }
      needs.add(needs(stage.outline(), dry));
    }
    return needs;
  }

  private static StageMemory needs(StageOutline outline, DryRun dry) {
    boolean gpu = dry.manager().getDevice().isGpu();
    long frozen = dry.liveBytes();
    long trained = 0;
    long optimizer = 0;
    long gradients = 0;
    for (StageOutline.RoleOutline role : outline.roles()) {
      if (role.trained()
          && (role.offload() == Offload.NONE || (role.offload() == Offload.HOST && !gpu))) {
        long weights = 4 * role.parameters();
        trained += weights * (role.averaged() ? 2 : 1);
        optimizer += weights * role.moments();
        gradients = Math.max(gradients, weights);
      }
    }
    long rest = Math.max(0, dry.peakBytes() - frozen - trained - optimizer - gradients);
    long activations = Math.round((1 + SLACK) * rest);
    return new StageMemory(
        outline.stage(),
        frozen,
        trained,
        optimizer,
        gradients,
        activations,
        gpu ? CONTEXT : PROCESS,
        gpu ? PROCESS + dry.hostPeakBytes() : 0,
        outline.files());
  }
}
