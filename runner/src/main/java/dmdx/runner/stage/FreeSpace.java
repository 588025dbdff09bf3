package dmdx.runner.stage;

import ai.djl.Device;
import dmdx.nn.torch.GpuMemory;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Room for a run, in bytes; {@link Long#MAX_VALUE} where the system does not tell.
 *
 * @param device memory of the device that computes
 * @param host memory of the host, if that is another
 * @param disk for scratch files
 */
public record FreeSpace(long device, long host, long disk) {

  /**
   * What is free now.
   *
   * @param scratch folder of scratch files; need not be there
   */
  static FreeSpace of(Device device, Path scratch) {
    long host = MachineMemory.available().orElse(Long.MAX_VALUE);
    long own =
        device.isGpu() ? GpuMemory.of(device).map(GpuMemory::free).orElse(Long.MAX_VALUE) : host;
    return new FreeSpace(own, host, disk(scratch));
  }

  private static long disk(Path folder) {
    try {
      Path there =
          Stream.iterate(folder.toAbsolutePath(), Objects::nonNull, Path::getParent)
              .filter(Files::exists)
              .findFirst()
              .orElseThrow();
      return Files.getFileStore(there).getUsableSpace();
    } catch (IOException e) {
      return Long.MAX_VALUE;
    }
  }

  /** What may be short. */
  public enum Resource {
    MEMORY("of memory"),
    GPU_MEMORY("of the GPU's memory"),
    HOST_MEMORY("of the host's memory"),
    DISK("of disk for scratch files");

    private final String phrase;

    Resource(String phrase) {
      this.phrase = phrase;
    }

    /** As in {@code 3 GiB of memory}. */
    public String phrase() {
      return phrase;
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

  /** The greatest shortage of several stages, each of which has all for itself. */
  public Optional<Shortage> shortage(List<StageMemory> stages) {
    return stages.stream()
        .flatMap(this::compared)
        .filter(s -> s.bytes() > 0)
        .max(Comparator.comparingLong(Shortage::bytes));
  }

  private Stream<Shortage> compared(StageMemory s) {
    Resource own = s.host() > 0 ? Resource.GPU_MEMORY : Resource.MEMORY;
    return Stream.of(
        new Shortage(s.stage(), own, s.total(), device),
        new Shortage(s.stage(), Resource.HOST_MEMORY, s.host(), host),
        new Shortage(s.stage(), Resource.DISK, s.disk(), disk));
  }
}
