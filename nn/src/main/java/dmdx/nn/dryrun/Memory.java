package dmdx.nn.dryrun;

import ai.djl.Device;

/** The bytes of a device that are occupied now and the most there were. */
final class Memory {
  private final Device device;
  private long live;
  private long peak;

  Memory(Device device) {
    this.device = device;
  }

  Device device() {
    return device;
  }

  /** Occupied memory that several arrays, graph nodes and gradients may share. */
  final class Block {
    private final long bytes;
    private int users = 1;

    private Block(long bytes) {
      this.bytes = bytes;
    }

    Block share() {
      users++;
      return this;
    }

    Memory memory() {
      return Memory.this;
    }

    boolean isShared() {
      return users > 1;
    }

    void release() {
      if (--users == 0) {
        live -= bytes;
      }
    }
  }

  Block allocate(long bytes) {
    live += bytes;
    peak = Math.max(peak, live);
    return new Block(bytes);
  }

  long live() {
    return live;
  }

  long peak() {
    return peak;
  }

  void resetPeak() {
    peak = live;
  }
}
