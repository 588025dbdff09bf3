package dmdx.runner.stage;

import ai.djl.Device;
import dmdx.nn.torch.GpuMemory;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/**
 * Room for a run, in bytes; {@link Long#MAX_VALUE} where the system does not tell.
 *
 * @param device memory of the device that computes
 * @param host memory of the host, if that is another
 * @param disk for files
 */
public record FreeSpace(long device, long host, FreeDisk disk) {

  /** What is free now. */
  static FreeSpace of(Device device, FreeDisk disk) {
    long host = MachineMemory.available().orElse(Long.MAX_VALUE);
    long own =
        device.isGpu() ? GpuMemory.of(device).map(GpuMemory::free).orElse(Long.MAX_VALUE) : host;
    return new FreeSpace(own, host, disk);
  }

  /** What may be short. */
  public enum Resource {
    MEMORY("of memory"),
    GPU_MEMORY("of the GPU's memory"),
    HOST_MEMORY("of the host's memory"),
    SCRATCH("of disk for scratch files"),
    FOLDER("of disk for checkpoints and results"),
    SCRATCH_AND_FOLDER("of disk for scratch files, checkpoints and results");

    private final String phrase;

    Resource(String phrase) {
      this.phrase = phrase;
    }

    /** As in {@code 3 GiB of memory}. */
    public String phrase() {
      return phrase;
    }

    private boolean isDisk() {
      return this == SCRATCH || this == FOLDER || this == SCRATCH_AND_FOLDER;
    }
  }

  /**
   * A stage has too little.
   *
   * @param stage stage name
   * @param of what there is too little of
   * @param needed bytes
   * @param free bytes
   */
  public record Shortage(String stage, Resource of, long needed, long free) {
    long bytes() {
      return needed - free;
    }
  }

  /**
   * The greatest shortage of several stages one after the other. Each has all memory for itself;
   * what it leaves on disk stays there.
   */
  public Optional<Shortage> shortage(List<StageMemory> stages) {
    return shortages(stages).stream().max(Comparator.comparingLong(Shortage::bytes));
  }

  /** How much disk is short; 0 if none is. */
  public long shortOfDisk(List<StageMemory> stages) {
    return shortages(stages).stream()
        .filter(s -> s.of().isDisk())
        .mapToLong(Shortage::bytes)
        .max()
        .orElse(0);
  }

  private List<Shortage> shortages(List<StageMemory> stages) {
    List<Shortage> all = new ArrayList<>();
    long left = 0;
    for (StageMemory s : stages) {
      Resource own = s.host() > 0 ? Resource.GPU_MEMORY : Resource.MEMORY;
      all.add(new Shortage(s.stage(), own, s.total(), device));
      all.add(new Shortage(s.stage(), Resource.HOST_MEMORY, s.host(), host));
      long scratch = s.files().scratch();
      long folder = left + s.files().kept() + s.files().aside();
      all.add(new Shortage(s.stage(), Resource.SCRATCH, scratch, disk.scratch()));
      all.add(new Shortage(s.stage(), Resource.FOLDER, folder, disk.folder()));
      if (disk.one()) {
        all.add(
            new Shortage(s.stage(), Resource.SCRATCH_AND_FOLDER, scratch + folder, disk.folder()));
      }
      left += s.files().kept();
    }
    all.removeIf(s -> s.bytes() <= 0);
    return all;
  }
}
