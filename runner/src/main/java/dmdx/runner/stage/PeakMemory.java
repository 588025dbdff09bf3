package dmdx.runner.stage;

import ai.djl.Device;
import dmdx.nn.torch.GpuMemory;
import dmdx.nn.torch.Malloc;

/**
 * The most memory that was occupied where networks compute: of the GPU by whoever uses it, or of
 * the host by this process.
 */
record PeakMemory(Device device) {

  /** Forgets the highest value so far, where the system allows that. */
  void reset() {
    if (device.isGpu()) {
      GpuMemory.releaseFreed();
    } else {
      Malloc.releaseFreed();
      ResidentMemory.resetPeak();
    }
  }

  /** The highest value so far, in bytes; -1 if unknown. */
  long bytes() {
    return device.isGpu()
        ? GpuMemory.of(device).map(GpuMemory::used).orElse(-1L)
        : ResidentMemory.peakBytes();
  }
}
